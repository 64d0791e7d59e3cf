import { RequestConflictError, StoreNotInitialisedError, parseGrokImagineRequest } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { IMAGE_NANO_USD, newGeneration, setup } from './world.ts';

const otherRequest = parseGrokImagineRequest({ positivePrompt: 'a blue door' });

test('a generation is written with its submissions and their holds', async () => {
  await using world = await setup();
  const [first, second] = await world.enqueue(2);
  expect(await world.store.find(first.generationId)).toMatchObject({ status: 'queued', tenant: 'acme', reservedUsd: '0.04', costUsd: '0' });
  for (const ref of [first, second!]) {
    expect(await world.submission(ref)).toMatchObject({ status: 'planned', sends: '0', held: '1', reserved: String(IMAGE_NANO_USD) });
  }
  expect(await world.spent()).toEqual({ reserved: 2 * IMAGE_NANO_USD, settled: 0 });
  expect(await world.generation(first.generationId)).toMatchObject({ live: '2' });
});

test('the same enqueue a second time changes nothing', async () => {
  await using world = await setup();
  const generation = newGeneration(3, { idempotencyKey: 'order-7', deadlineAt: Date.now() + 60_000, retryOf: 'earlier' });
  expect(await world.store.enqueue(generation)).toEqual({
    kind: 'created',
    generationId: generation.generationId,
    line: [1, 2, 3],
    noWorkerSince: 0,
  });
  const before = await world.keyspace();
  expect(await world.store.enqueue(generation)).toEqual({ kind: 'exists', generationId: generation.generationId, noWorkerSince: 0 });
  expect(await world.keyspace()).toEqual(before);
});

test('a generation id that is taken by another request is a conflict', async () => {
  await using world = await setup();
  const generation = newGeneration();
  await world.store.enqueue(generation);
  const before = await world.keyspace();
  await expect(world.store.enqueue({ ...generation, request: otherRequest })).rejects.toThrow(RequestConflictError);
  expect(await world.keyspace()).toEqual(before);
});

test('an idempotency key answers with the first generation', async () => {
  await using world = await setup();
  const first = newGeneration(1, { idempotencyKey: 'order-7' });
  await world.store.enqueue(first);
  const before = await world.keyspace();
  expect(await world.store.enqueue(newGeneration(1, { idempotencyKey: 'order-7' }))).toEqual({
    kind: 'replayed',
    generationId: first.generationId,
    noWorkerSince: 0,
  });
  expect(await world.keyspace()).toEqual(before);
});

test('an idempotency key with another request is a conflict that names the first generation', async () => {
  await using world = await setup();
  const first = newGeneration(1, { idempotencyKey: 'order-7' });
  await world.store.enqueue(first);
  const before = await world.keyspace();
  const second = world.store.enqueue(newGeneration(1, { idempotencyKey: 'order-7', request: otherRequest }));
  await expect(second).rejects.toThrow(`"${first.generationId}", which was enqueued with another request`);
  await expect(second).rejects.toThrow(RequestConflictError);
  expect(await world.keyspace()).toEqual(before);
});

test('idempotency keys of two tenants do not meet', async () => {
  await using world = await setup();
  await world.store.enqueue(newGeneration(1, { idempotencyKey: 'order-7' }));
  expect(await world.store.enqueue(newGeneration(1, { idempotencyKey: 'order-7', tenant: 'umbrella' }))).toMatchObject({ kind: 'created' });
});

test('an idempotency key is kept as a digest', async () => {
  await using world = await setup();
  await world.store.enqueue(newGeneration(1, { idempotencyKey: 'order-7' }));
  const keys = Object.keys(await world.keyspace()).filter((key) => key.includes(':idempotency:'));
  expect(keys).toEqual([expect.stringMatching(/:acme:[0-9a-f]{64}$/)]);
});

test('without an epoch nothing is written', async () => {
  await using world = await setup();
  await world.redis.del(`${world.prefix}:epoch`);
  const before = await world.keyspace();
  await expect(world.store.enqueue(newGeneration(2, { idempotencyKey: 'order-7' }))).rejects.toThrow(StoreNotInitialisedError);
  expect(await world.keyspace()).toEqual(before);
});
