import { Redis } from 'ioredis';
import { expect, inject, test } from 'vitest';
import { reserveRedis, type OwnRedis } from '../src/index.ts';

const ask = async <T>({ url }: OwnRedis, question: (client: Redis) => Promise<T>): Promise<T> => {
  const client = new Redis(url);
  try {
    return await question(client);
  } finally {
    client.disconnect();
  }
};

test.skipIf(inject('redisKind') === 'js')(
  'a killed Redis keeps its acknowledged writes, and after a rollback holds the copy with its changes',
  async () => {
    await using redis = await reserveRedis();
    await redis.start();
    await ask(redis, (client) => client.set('before', '1'));
    const putBack = await redis.copyData();
    await ask(redis, (client) => client.set('after', '1'));

    await redis.kill();
    await redis.start();
    expect(await ask(redis, (client) => client.mget('before', 'after'))).toEqual(['1', '1']);

    await redis.kill();
    await putBack();
    await redis.changeAway(async (client) => void (await client.incr('before')));
    await redis.start();
    expect(await ask(redis, (client) => client.mget('before', 'after'))).toEqual(['2', null]);
  },
);
