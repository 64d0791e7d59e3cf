import { once } from 'node:events';
import { expect, inject, test } from 'vitest';
import { buildGenerationStore, connectFailFast, type GenerationStore } from '../src/index.ts';
import { startReplyLosingProxy } from './reply-losing-proxy.ts';
import { ended, IMAGE_NANO_USD, newGeneration, nextOf, retention, setup, type World } from './world.ts';

/** Calls the store over a connection that loses the reply of the call, which ioredis then sends a second time. */
async function twice<T>({ prefix }: World, call: (store: GenerationStore) => Promise<T>): Promise<T> {
  await using proxy = await startReplyLosingProxy(inject('redisUrl'));
  const redis = connectFailFast(proxy.url);
  try {
    await once(redis, 'ready');
    proxy.arm();
    const answer = await call(buildGenerationStore({ prefix, retention, pollRate: { perSecond: 1, burst: 1 } }, redis));
    expect(proxy.lost()).toBe(1);
    return answer;
  } finally {
    redis.disconnect();
  }
}

test('an enqueue whose reply was lost is one generation with one hold', async () => {
  await using world = await setup();
  await world.enqueue(); // the server knows the script from here on: the first request is the one that counts
  const generation = newGeneration(2, { idempotencyKey: 'order-7' });
  expect(await twice(world, (store) => store.enqueue(generation))).toEqual({
    kind: 'exists',
    generationId: generation.generationId,
    noWorkerSince: 0,
  });
  expect(await world.spent()).toEqual({ reserved: 3 * IMAGE_NANO_USD, settled: 0 });
});

test('a commit whose reply was lost opens one send, which is still fresh', async () => {
  await using world = await setup();
  const [other] = await world.enqueue();
  await world.open(other);
  const [ref] = await world.enqueue();
  expect(await twice(world, (store) => store.commit(ref, 'token-1'))).toMatchObject({ kind: 'go', send: 1, fresh: true });
  expect(await world.submission(ref)).toMatchObject({ sends: '1' });
});

test('a settlement whose reply was lost moves the money once and still names the next submission', async () => {
  await using world = await setup();
  const [other, ref] = await world.enqueue(2);
  await world.send(other);
  await world.store.settle(other, ended(other, 'succeeded'));
  await world.send(ref!);
  const reply = await twice(world, (store) => store.settle(ref!, ended(ref!, 'failed', { costNanoUsd: 1_000_000 })));
  expect(reply).toEqual({ kind: 'resubmit', n: 2 });
  expect(await world.submission(nextOf(nextOf(ref!)))).toEqual({});
  expect(await world.spent()).toEqual({ reserved: 0, settled: IMAGE_NANO_USD + 1_000_000 });
});
