import { createGenerationId, QueueUnavailableError } from '@darkroom/contracts';
import { eventually, reserveRedis, startSwitchingProxy, uniquePrefix } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { createProducer, type Producer } from '../src/index.ts';
import { IMAGE_NANO_USD, openStore, request } from './world.ts';

const failureOf = async (call: Promise<unknown>): Promise<QueueUnavailableError> => {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof QueueUnavailableError)) throw new Error('the call did not fail as it should', { cause: error });
  return error;
};

async function setup() {
  const own = await reserveRedis();
  await own.start();
  const prefix = uniquePrefix();
  const admin = new Redis(own.url);
  const store = openStore(admin, prefix);
  await store.setCaps({ allPerDay: 1000 * IMAGE_NANO_USD });
  await store.initialise('epoch-1');
  const producers: Producer[] = [];
  return {
    own,
    prefix,
    admin,
    store,
    producerAt(url: string): Producer {
      const producer = createProducer({ redisUrl: url, prefix });
      producers.push(producer);
      return producer;
    },
    asUser(user: string): string {
      return own.url.replace('redis://', `redis://${user}:secret@`);
    },
    async [Symbol.asyncDispose]() {
      for (const producer of producers) await producer.close();
      admin.disconnect();
      await own[Symbol.asyncDispose]();
    },
  };
}

test('reports a full Redis as full, and nothing arrived', async () => {
  await using world = await setup();
  const producer = world.producerAt(world.own.url);
  await producer.enqueue(request);
  await world.admin.config('SET', 'maxmemory', '1');
  const generationId = createGenerationId(Date.now());
  const error = await failureOf(producer.enqueue(request, { generationId }));
  expect(error).toMatchObject({
    reached: 'no',
    retryable: true,
    details: { reason: 'full' },
    cause: { message: expect.stringContaining('OOM') },
  });
  expect(error.message).toContain('redis is full');
  await world.admin.config('SET', 'maxmemory', '0');
  expect(await world.admin.keys(`${world.prefix}:*${generationId}*`)).toEqual([]);
  expect(await producer.enqueue(request, { generationId })).toMatchObject({ created: true });
});

test('a plain Redis at an address of TLS is named, and nothing arrived', async () => {
  await using world = await setup();
  const error = await failureOf(world.producerAt(world.own.url.replace('redis://', 'rediss://')).enqueue(request));
  expect(error).toMatchObject({ reached: 'no', details: { reason: 'tls' } });
  expect(error.message).toContain('TLS handshake');
});

test('a user without a right is refused before anything is sent: without scripts, the channel or the queue', async () => {
  await using world = await setup();
  await world.admin.call('ACL', 'SETUSER', 'scriptless', 'on', '>secret', '~*', '&*', '+@all', '-evalsha', '-eval');
  await world.admin.call('ACL', 'SETUSER', 'channelless', 'on', '>secret', '~*', 'resetchannels', '+@all');
  await world.admin.call(
    'ACL',
    'SETUSER',
    'queueless',
    'on',
    '>secret',
    `~${world.prefix}:[^s]*`,
    `~${world.prefix}:spend*`,
    `~${world.prefix}:server-run`,
    `~${world.prefix}:submission:*`,
    '&*',
    '+@all',
  );
  const reasonOf = async (user: string) => {
    const generationId = createGenerationId(Date.now());
    const error = await failureOf(world.producerAt(world.asUser(user)).enqueue(request, { generationId }));
    expect(error.details['reason'], user).toBe('no-permission');
    const { message } = error.cause as Error; // the cause of this error is always one
    const written = (await world.admin.keys(`${world.prefix}:generation:${generationId}`)).length;
    expect({ reached: error.reached, written }, user).toEqual({ reached: 'no', written: 0 });
    return message;
  };
  const { prefix } = world;
  expect(await reasonOf('scriptless')).toContain(`lacks: ACL SETUSER scriptless (+eval +evalsha ~${prefix}:*)`);
  expect(await reasonOf('channelless')).toContain(`lacks: ACL SETUSER channelless +publish +subscribe &${prefix}:events:*`);
  expect(await reasonOf('queueless')).toMatch(/ on \S+:submissions:\*/);
});

test('reports a wrong password, and the error holds neither it nor the prompt', async () => {
  await using world = await setup();
  await world.admin.call('ACL', 'SETUSER', 'someone', 'on', '>other', '~*', '&*', '+@all');
  const error = await failureOf(world.producerAt(world.asUser('someone')).enqueue({ ...request, positivePrompt: 'a canary' }));
  expect(error).toMatchObject({
    reached: 'no',
    details: { reason: 'unauthenticated' },
    cause: { message: expect.stringContaining('WRONGPASS') },
  });
  expect(JSON.stringify([error, error.cause, error.message, String(error.cause)])).not.toMatch(/secret|canary/);
});

test('hides a failover that leaves the connection open from the caller', async () => {
  await using world = await setup();
  await using next = await reserveRedis();
  await next.start();
  await using proxy = await startSwitchingProxy(world.own.url);
  const producer = world.producerAt(proxy.url);
  await producer.enqueue(request);
  const primary = new Redis(next.url);
  await primary.config('SET', 'repl-diskless-sync-delay', '0');
  // The new primary holds the data of the old one, as after every failover.
  await primary.replicaof('127.0.0.1', Number(new URL(world.own.url).port));
  await eventually(async () => expect(await primary.info('replication')).toContain('master_link_status:up'), { withinMs: 10_000 });
  await primary.call('REPLICAOF', 'NO', 'ONE');
  await world.admin.replicaof('127.0.0.1', Number(new URL(next.url).port));
  proxy.moveTo(next.url);
  const startedAt = performance.now();
  expect(await producer.enqueue(request)).toMatchObject({ created: true });
  expect(performance.now() - startedAt).toBeLessThan(2000);
  primary.disconnect();
});

test('names a right that an operator took while the producer ran, in the calls after the first refused one', async () => {
  await using world = await setup();
  await world.admin.call('ACL', 'SETUSER', 'api', 'on', '>secret', '~*', '&*', '+@all');
  const producer = world.producerAt(world.asUser('api'));
  await producer.enqueue(request);
  await world.admin.call('ACL', 'SETUSER', 'api', '-hset');
  await failureOf(producer.enqueue(request));
  await eventually(async () => {
    const error = await failureOf(producer.enqueue(request));
    expect(error).toMatchObject({
      reached: 'no',
      cause: { message: expect.stringMatching(/lacks rights that the producer needs.* hset/) },
    });
  });
});
