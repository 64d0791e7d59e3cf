import { createGenerationId, QueueUnavailableError } from '@darkroom/contracts';
import { eventChannel } from '@darkroom/generation-store';
import { eventually, reserveRedis, uniquePrefix } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { createProducer } from '../src/index.ts';
import { startFailingProxy } from './failing-proxy.ts';
import { IMAGE_NANO_USD, openStore, request } from './world.ts';

/** An id that no generation has. */
const unknownId = '01a25000-0000-7000-8000-000000000000';

const reachedOf = (errors: readonly QueueUnavailableError[]) => ({
  maybe: errors.filter(({ reached }) => reached === 'maybe').length,
  no: errors.filter(({ reached }) => reached === 'no').length,
});

/** Returns the error of a call and its duration. */
async function failureOf(call: Promise<unknown>): Promise<{ error: QueueUnavailableError; tookMs: number }> {
  const startedAt = performance.now();
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof QueueUnavailableError)) throw new Error('the call did not fail as it should', { cause: error });
  return { error, tookMs: performance.now() - startedAt };
}

test('while Redis is away every call fails within a second as not sent; afterwards they work again', async () => {
  await using own = await reserveRedis();
  const prefix = uniquePrefix();
  const producer = createProducer({ redisUrl: own.url, prefix });
  try {
    const generationId = createGenerationId(Date.now());
    const failures = await Promise.all([
      failureOf(producer.enqueue(request, { generationId })),
      failureOf(producer.get(generationId)),
      failureOf(producer.wait(generationId, { timeoutMs: 100 })),
      failureOf(producer.cancel(generationId)),
    ]);
    for (const { error, tookMs } of failures) {
      expect(error).toMatchObject({ code: 'queue.unavailable', retryable: true, reached: 'no', generationId });
      expect(tookMs, 'a second, and room for a busy machine').toBeLessThan(1500);
    }

    await own.start();
    await openWorld(own.url, prefix);
    expect(await eventually(() => producer.enqueue(request, { generationId }))).toMatchObject({ generationId, created: true });

    await own.stop();
    // Until the producer notices the end of the connection, a call may have arrived.
    await eventually(async () => expect((await failureOf(producer.get(generationId))).error.reached).toBe('no'));
    const { tookMs } = await failureOf(producer.get(generationId));
    expect(tookMs, 'every call waits a moment for Redis to come back').toBeGreaterThan(500);
    await own.start();
    expect(await eventually(() => producer.enqueue(request, { generationId }))).toMatchObject({ created: false });
    expect(await producer.get(generationId)).toMatchObject({ status: 'queued' });
  } finally {
    await producer.close();
  }
}, 15_000);

test('calls to a Redis that hangs may have arrived, and those that wait for them have not', async () => {
  await using own = await reserveRedis();
  const prefix = uniquePrefix();
  await own.start();
  await openWorld(own.url, prefix);
  const producer = createProducer({ redisUrl: own.url, prefix });
  const blocker = new Redis(own.url);
  try {
    const { generationId } = await producer.enqueue(request);
    await blocker.call('CLIENT', 'PAUSE', '6000', 'ALL');
    const failures = await Promise.all([
      failureOf(producer.enqueue(request, { generationId })),
      ...Array.from({ length: 150 }, () => failureOf(producer.enqueue(request))),
    ]);
    expect(failures[0]?.error).toMatchObject({ reached: 'maybe', generationId, cause: expect.any(Error) });
    expect(reachedOf(failures.map(({ error }) => error))).toEqual({ maybe: 100, no: 51 });
    expect(failures.at(-1)?.error).toMatchObject({ details: { reason: 'timeout' }, message: expect.stringContaining('nothing was sent') });
    for (const { tookMs } of failures) expect(tookMs, 'a second each would be two').toBeLessThan(2000);
  } finally {
    blocker.disconnect();
    await producer.close();
  }
}, 15_000);

test('when a connection breaks, calls that wait for others have not arrived, and are sent on the next one', async () => {
  await using own = await reserveRedis();
  const prefix = uniquePrefix();
  await own.start();
  await openWorld(own.url, prefix);
  await using proxy = await startFailingProxy(own.url);
  const producer = createProducer({ redisUrl: proxy.url, prefix });
  try {
    await producer.enqueue(request);
    const enqueueAll = () => Promise.allSettled(Array.from({ length: 250 }, () => producer.enqueue(request)));
    proxy.loseReplyTo('evalsha');
    expect((await enqueueAll()).filter(({ status }) => status === 'rejected')).toEqual([]);
    proxy.breakAfter('evalsha', 1);
    const outcomes = await enqueueAll();
    const errors = outcomes.flatMap((each) => (each.status === 'rejected' ? [each.reason as QueueUnavailableError] : []));
    expect(reachedOf(errors)).toEqual({ maybe: 100, no: 150 });
  } finally {
    await producer.close();
  }
}, 15_000);

test('a hundred calls at once wait for the first connection without a warning', async () => {
  await using own = await reserveRedis();
  const warnings: Error[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning);
  process.on('warning', onWarning);
  const producer = createProducer({ redisUrl: own.url, prefix: uniquePrefix() });
  const calls = Array.from({ length: 100 }, () => failureOf(producer.get(unknownId)));
  await Promise.all(calls);
  await producer.close();
  process.off('warning', onWarning);
  expect(warnings).toEqual([]);
});

test('a wait outlasts an outage of Redis, and soon afterwards returns the changes made meanwhile', async () => {
  await using own = await reserveRedis();
  const prefix = uniquePrefix();
  await own.start();
  await openWorld(own.url, prefix);
  const producer = createProducer({ redisUrl: own.url, prefix });
  try {
    const [before, between] = await Promise.all([producer.enqueue(request), producer.enqueue(request)]);
    const waiting = producer.wait(before.generationId);
    await untilHeard({ url: own.url, prefix }, before.generationId);
    await own.stop();
    const begun = producer.wait(between.generationId, { timeoutMs: 12_000 });
    const short = await failureOf(producer.wait(between.generationId, { timeoutMs: 300 }));
    expect(short.error).toMatchObject({ code: 'queue.unavailable', retryable: true });
    expect(short.tookMs, 'no longer than its own time, and the second of a call').toBeLessThan(2500);
    await own.start();
    await endSilently(own.url, prefix, [before.generationId, between.generationId]);
    const startedAt = performance.now();
    expect(await Promise.all([waiting, begun])).toMatchObject([{ status: 'failed' }, { status: 'failed' }]);
    expect(performance.now() - startedAt, 'when they hear again, and not at the next look of a minute').toBeLessThan(6000);
  } finally {
    await producer.close();
  }
}, 20_000);

test('a wait during an outage ends with its producer and with its signal', async () => {
  await using own = await reserveRedis();
  const producer = createProducer({ redisUrl: own.url, prefix: uniquePrefix() });
  const abort = new AbortController();
  const aborted = Promise.allSettled([producer.wait(unknownId, { signal: abort.signal })]);
  const closed = failureOf(producer.wait(unknownId));
  const reason = new Error('the client went away');
  abort.abort(reason);
  expect(await aborted).toEqual([{ status: 'rejected', reason }]);
  await producer.close();
  expect((await closed).error.details).toMatchObject({ reason: 'producer-closed' });
});

/** Moves entries without an announcement, as if the subscription had been down. */
async function endSilently(url: string, prefix: string, generationIds: readonly string[]): Promise<void> {
  const redis = new Redis(url);
  for (const id of generationIds) await redis.hset(`${prefix}:generation:${id}`, { status: 'failed', 'image:0': 'failed' });
  await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub'); // a connection that has come back already
  await redis.quit();
}

async function untilHeard({ url, prefix }: { url: string; prefix: string }, generationId: string): Promise<void> {
  const redis = new Redis(url);
  const channel = eventChannel(prefix, generationId);
  await eventually(async () => expect(await redis.pubsub('NUMSUB', channel)).toEqual([channel, 1]));
  await redis.quit();
}

/** Initialises a new Redis as the first worker does. */
async function openWorld(url: string, prefix: string): Promise<void> {
  const redis = new Redis(url);
  const store = openStore(redis, prefix);
  await store.setCaps({ allPerDay: 1000 * IMAGE_NANO_USD });
  await store.initialise('epoch-1');
  await redis.quit();
}
