import { createGenerationId, EnqueueManyError, generationIdTime } from '@darkroom/contracts';
import { expect, test, vi } from 'vitest';
import { jobIdsOf, request, setup } from './world.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 1440 * MINUTE_MS;
const agedBy = (ms: number): string => createGenerationId(Date.now() - ms);

test('accepts an id minted six minutes ago, and repetitions of it at any age', async () => {
  await using world = await setup();
  const generationId = agedBy(6 * MINUTE_MS);
  expect(await world.producer.enqueue(request, { generationId })).toMatchObject({ generationId, created: true });
  expect(await world.producer.enqueue(request, { generationId })).toMatchObject({ generationId, created: false });
  expect(await world.waitingJobs()).toEqual(jobIdsOf(generationId));
  const many = agedBy(23 * 60 * MINUTE_MS);
  expect(await world.producer.enqueueMany([request, request], { generationIds: [generationId, many] })).toMatchObject([
    { created: false },
    { created: true },
  ]);
});

test('every call refuses an id that Redis no longer knows, with its own code', async () => {
  await using world = await setup();
  const generationId = agedBy(DAY_MS + MINUTE_MS);
  const refused = { code: 'request.id-out-of-time', message: expect.stringContaining(generationId) };
  await expect(world.producer.enqueue(request, { generationId })).rejects.toMatchObject(refused);
  await expect(world.producer.generate(request, { generationId })).rejects.toMatchObject(refused);
  const young = agedBy(0);
  const error = await world.producer
    .enqueueMany([request, request], { generationIds: [young, generationId] })
    .catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(EnqueueManyError);
  expect(error).toMatchObject({ written: [young], notWritten: [generationId], retryable: false, cause: refused });
  expect(await world.waitingJobs()).toEqual(jobIdsOf(young));
});

test.each([
  ['ahead', 3 * DAY_MS],
  ['behind', -3 * DAY_MS],
])('a producer whose clock is three days %s mints its ids by Redis time, and warns once about its clock', async (word, skewMs) => {
  const warn = vi.spyOn(process, 'emitWarning').mockReturnValue();
  try {
    await using world = await setup({ now: () => Date.now() + skewMs });
    const [runAt, deadlineAt] = [Date.now() + 60 * MINUTE_MS, Date.now() + 120 * MINUTE_MS];
    const one = await world.producer.enqueue(request, { idempotencyKey: 'order-7' });
    const many = await world.producer.enqueueMany([request, request], { runAt, deadlineAt });
    for (const { generationId } of [one, ...many]) expect(Math.abs(generationIdTime(generationId) - Date.now())).toBeLessThan(MINUTE_MS);
    expect(await world.producer.enqueue(request, { idempotencyKey: 'order-7' })).toMatchObject({ created: false });
    const jobs = await world.submissions.queue.getJobs(['delayed']);
    for (const { timestamp, delay } of jobs) expect(Math.abs(timestamp + delay - runAt)).toBeLessThan(MINUTE_MS);
    expect(jobs).toHaveLength(2);
    expect(warn.mock.calls).toEqual([[expect.stringContaining(`${word}`), 'DarkroomWarning']]);
  } finally {
    warn.mockRestore();
  }
});

test('a producer with a wrong clock mints all ids of its first batch again', async () => {
  const warn = vi.spyOn(process, 'emitWarning').mockReturnValue();
  try {
    await using world = await setup({ now: () => Date.now() + DAY_MS });
    const enqueued = await world.producer.enqueueMany(Array.from({ length: 120 }, () => request));
    expect(await world.waitingJobs()).toEqual(enqueued.flatMap(({ generationId }) => jobIdsOf(generationId)).toSorted());
    expect(await world.redis.keys(`${world.prefix}:generation:*`)).toHaveLength(240); // each with its request
  } finally {
    warn.mockRestore();
  }
});

test.each([
  ['options.deadlineAt', { deadlineAt: Date.now() - MINUTE_MS }],
  ['options.runAt', { runAt: Date.now() - 2 * MINUTE_MS }],
  ['options.runAt', { runAt: Date.now() + 31 * DAY_MS }],
])('every call reports a time that Redis finds out of bounds once: %s', async (path, options) => {
  await using world = await setup({ now: () => Date.now() + 10 * DAY_MS });
  const refused = { code: 'request.invalid', problems: [{ path }] };
  const warn = vi.spyOn(process, 'emitWarning').mockReturnValue();
  try {
    await expect(world.producer.enqueue(request, options)).rejects.toMatchObject(refused);
    await expect(world.producer.enqueueMany([request, request], options)).rejects.toMatchObject(refused);
  } finally {
    warn.mockRestore();
  }
  expect(await world.redis.keys(`${world.prefix}:generation:*`)).toEqual([]);
});
