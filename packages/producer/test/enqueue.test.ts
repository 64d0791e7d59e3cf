import { setImmediate } from 'node:timers/promises';
import { createGenerationId, RequestConflictError, SpendCapError, StoreNotInitialisedError } from '@darkroom/contracts';
import { describe, expect, inject, test } from 'vitest';
import { createProducer } from '../src/index.ts';
import { bringHome, IMAGE_NANO_USD, jobIdsOf, recordOnly, refsOf, request, setup, type World } from './world.ts';

test('a first image takes six lines', async () => {
  await using world = await setup();
  const [redisUrl, prefix] = [inject('redisUrl'), world.prefix];

  const producer = createProducer({ redisUrl, prefix });
  const { generationId, quote } = await producer.enqueue({ positivePrompt: 'a lighthouse in the fog', width: 1280, height: 896 });
  const waiting = producer.wait(generationId);
  await Promise.all(refsOf(generationId).map((ref) => bringHome(world.store, ref))); // in real life, a worker
  const { status, images } = await waiting;
  await producer.close();

  expect({ status, quote: quote.totalUsd }).toEqual({ status: 'succeeded', quote: '0.02' });
  expect(images).toMatchObject([{ status: 'succeeded', image: { key: 'images/0-1.jpg' }, costUsd: '0.02' }]);
});

test('each image gets its own job', async () => {
  await using world = await setup();
  const { generationId, created, quote } = await world.producer.enqueue({ ...request, numberResults: 3 });
  expect(created).toBe(true);
  expect(quote).toMatchObject({ totalNanoUsd: 3 * IMAGE_NANO_USD, totalUsd: '0.06' });
  expect(await world.waitingJobs()).toEqual(jobIdsOf(generationId, 3));
  expect(await world.producer.get(generationId)).toMatchObject({ status: 'queued', tenant: 'default' });
});

test('a thousand calls at once leave other work its turns, and take their requests as they were', async () => {
  let readings = 0;
  const now = () => ((readings += 1), Date.now());
  await using world = await setup({ now });
  await world.store.setCaps({ allPerDay: 2000 * IMAGE_NANO_USD });
  const requests = Array.from({ length: 1000 }, (_, at) => ({ positivePrompt: `door ${at}` }));
  let isDone = false;
  const enqueueing = Promise.all(requests.map((each) => world.producer.enqueue(each))).finally(() => (isDone = true));
  for (const each of requests) each.positivePrompt = 'changed';
  // Each call reads the clock when it begins; those whose entry is written do too, and of these a hundred are under way.
  let most = readings;
  for (let before = 0; !isDone; most = Math.max(most, readings - before)) {
    before = readings;
    await setImmediate();
  }
  expect(most).toBeLessThan(700);
  const enqueued = await enqueueing;
  const shown = await Promise.all([0, 99, 100, 999].map((at) => world.producer.get(enqueued[at]!.generationId)));
  expect(shown.map((generation) => generation.request.positivePrompt)).toEqual(['door 0', 'door 99', 'door 100', 'door 999']);
  expect(await world.waitingJobs()).toHaveLength(1000);
});

test('the same generation id a second time changes nothing', async () => {
  await using world = await setup();
  const generationId = createGenerationId(Date.now());
  const first = await world.producer.enqueue(request, { generationId });
  const second = await world.producer.enqueue(request, { generationId });
  expect(first).toMatchObject({ generationId, created: true });
  expect(second).toMatchObject({ generationId, created: false });
  expect(await world.waitingJobs()).toEqual(jobIdsOf(generationId));
  expect(await world.producer.get(generationId)).toMatchObject({ reservedUsd: '0.02' });
  await expect(world.producer.enqueue({ positivePrompt: 'another' }, { generationId })).rejects.toThrow(RequestConflictError);
});

test('concurrent enqueues with one idempotency key make one generation', async () => {
  await using world = await setup();
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => world.producer.enqueue(request, { idempotencyKey: 'order-7', tenant: 'acme' })),
  );
  expect(new Set(answers.map(({ generationId }) => generationId)).size).toBe(1);
  expect(answers.filter(({ created }) => created)).toHaveLength(1);
  expect(await world.waitingJobs()).toEqual(jobIdsOf(answers[0]!.generationId));
});

test('the same enqueue adds the jobs of a producer that died after writing the entry', async () => {
  await using world = await setup();
  const generationId = createGenerationId(Date.now());
  await recordOnly(world.store, generationId, 2);
  expect(await world.waitingJobs()).toEqual([]);
  expect(await world.producer.enqueue({ ...request, numberResults: 2 }, { generationId })).toMatchObject({ created: false });
  expect(await world.waitingJobs()).toEqual(jobIdsOf(generationId, 2));
});

test('throws the refusal of the store as it is, and queues nothing', async () => {
  await using world = await setup();
  await world.store.setCaps({ allPerDay: 1 });
  await expect(world.producer.enqueue(request)).rejects.toThrow(SpendCapError);
  await world.redis.del(`${world.prefix}:epoch`);
  await expect(world.producer.enqueue(request)).rejects.toThrow(StoreNotInitialisedError);
  expect(await world.waitingJobs()).toEqual([]);
});

describe('a time to run', () => {
  const HOUR_MS = 3_600_000;
  const delayedUntil = async ({ submissions }: World): Promise<number[]> =>
    (await submissions.queue.getJobs(['delayed'])).map(({ timestamp, delay }) => timestamp + delay);

  test('delays the jobs until then, and holds no money', async () => {
    await using world = await setup();
    const runAt = Date.now() + HOUR_MS;
    const { generationId } = await world.producer.enqueue({ ...request, numberResults: 2 }, { runAt: new Date(runAt) });
    expect(await world.producer.get(generationId)).toMatchObject({ status: 'queued', runAt, reservedUsd: '0' });
    expect(await world.waitingJobs()).toEqual([]);
    const times = await delayedUntil(world);
    expect(times).toHaveLength(2);
    for (const time of times) expect(Math.abs(time - runAt)).toBeLessThan(1000);
  });

  test('is not refused by a cap that is reached now', async () => {
    await using world = await setup();
    await world.store.setCaps({ allPerDay: 1 });
    await expect(world.producer.enqueue(request, { runAt: Date.now() + HOUR_MS })).resolves.toMatchObject({ created: true });
  });

  test('stays that of the first call with an idempotency key, whatever a repetition names', async () => {
    await using world = await setup();
    const runAt = Date.now() + HOUR_MS;
    const first = await world.producer.enqueue(request, { idempotencyKey: 'order-7', runAt });
    const [job] = await world.submissions.queue.getJobs(['delayed']);
    await job?.remove(); // as if the first caller had died before it added the job
    const [again] = await world.producer.enqueueMany([request], { idempotencyKeys: ['order-7'], runAt: runAt + 5 * HOUR_MS });
    expect(again).toMatchObject({ generationId: first.generationId, created: false });
    expect(Math.abs((await delayedUntil(world))[0]! - runAt)).toBeLessThan(1000);
  });

  test('applies to a batch too', async () => {
    await using world = await setup();
    const runAt = Date.now() + HOUR_MS;
    const enqueued = await world.producer.enqueueMany([request, request], { runAt });
    expect(await delayedUntil(world)).toHaveLength(2);
    expect(await world.producer.get(enqueued[1]!.generationId)).toMatchObject({ runAt });
  });

  test('can be cancelled before it comes', async () => {
    await using world = await setup();
    const { generationId } = await world.producer.enqueue(request, { runAt: Date.now() + HOUR_MS });
    expect(await world.producer.cancel(generationId)).toBe('cancelled');
    expect(await world.producer.get(generationId)).toMatchObject({ status: 'cancelled', images: [{ status: 'failed' }] });
  });
});

test('a cancel ends the submissions that were not sent', async () => {
  await using world = await setup();
  const { generationId } = await world.producer.enqueue({ ...request, numberResults: 2 });
  expect(await world.producer.cancel(generationId)).toBe('cancelled');
  expect(await world.producer.get(generationId)).toMatchObject({ status: 'cancelled', reservedUsd: '0' });
});

test('reports an unknown generation as not found', async () => {
  await using world = await setup();
  const generationId = createGenerationId(Date.now());
  const missing = expect.objectContaining({ code: 'generation.not-found', message: expect.stringContaining(generationId) });
  await expect(world.producer.get(generationId)).rejects.toEqual(missing);
  await expect(world.producer.cancel(generationId)).rejects.toEqual(missing);
  await expect(world.producer.wait(generationId)).rejects.toEqual(missing);
});
