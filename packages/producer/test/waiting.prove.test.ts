import { createRedisMeter, reserveRedis, uniquePrefix } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { createProducer } from '../src/index.ts';
import { IMAGE_NANO_USD, openStore, request } from './world.ts';

const CALLERS = 20_000;
const WATCHED_MS = 60_000;

test('20,000 waiting callers cost Redis next to nothing, and learn of the end at once', async () => {
  await using own = await reserveRedis({ appendfsync: 'everysec' });
  await own.start();
  const prefix = uniquePrefix();
  const redis = new Redis(own.url);
  const store = openStore(redis, prefix);
  await store.setCaps({ allPerDay: 100_000 * IMAGE_NANO_USD });
  await store.initialise('epoch-1');
  const producer = createProducer({ redisUrl: own.url, prefix });
  const waiting = createProducer({ redisUrl: own.url, prefix });
  try {
    const ids: string[] = [];
    for (let at = 0; at < CALLERS; at += 5000)
      ids.push(...(await producer.enqueueMany(Array.from({ length: 5000 }, () => request))).map((each) => each.generationId));
    const { measure, print } = createRedisMeter(redis);
    let ended = 0;
    let waits: Promise<unknown>[] = [];
    await measure('20,000 callers begin to wait', async () => {
      waits = ids.map((id) => waiting.wait(id, { timeoutMs: 3_600_000 }).then(() => (ended += 1)));
      await untilTrue(async () => Number(((await redis.pubsub('CHANNELS', `${prefix}:events:*`)) as string[]).length) === CALLERS);
    });
    await new Promise((resolve) => setTimeout(resolve, 5000)); // the first look of every wait
    const idle = await measure('20,000 callers wait', () => new Promise((resolve) => setTimeout(resolve, WATCHED_MS)));
    await measure('1,000 of them end', async () => {
      await Promise.all(ids.slice(0, 1000).map((id) => store.cancel(id)));
      await untilTrue(() => ended === 1000);
    });
    await measure('the subscription is lost', async () => {
      await Promise.all(
        ids.slice(1000, 1010).map((id) => redis.hset(`${prefix}:generation:${id}`, { status: 'failed', 'image:0': 'failed' })),
      );
      await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await untilTrue(() => ended === 1010);
    });
    await measure('all others end', async () => {
      for (let at = 1010; at < CALLERS; at += 1000) await Promise.all(ids.slice(at, at + 1000).map((id) => store.cancel(id)));
      await Promise.all(waits);
    });
    print();
    expect(ended).toBe(CALLERS);
    expect(idle.cpuPercent).toBeLessThan(10);
  } finally {
    await producer.close();
    await waiting.close();
    redis.disconnect();
  }
});

async function untilTrue(is: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await is())) await new Promise((resolve) => setTimeout(resolve, 50));
}
