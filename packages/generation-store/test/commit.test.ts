import { formatDimensions, grokImagineImage, intentSchema, parseGrokImagineRequest, sizes, taskUuidOf } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { buildGenerationStore, defaultRetention } from '../src/index.ts';
import { endedForGood, IMAGE_NANO_USD, newGeneration, setup } from './world.ts';

test('a commit opens the first send and answers with all that is needed to send', async () => {
  await using world = await setup();
  const deadlineAt = Date.now() + 3_600_000;
  const clientReference = '39571168-687a-4aec-a253-df7be20bd0d4';
  const request = parseGrokImagineRequest({ positivePrompt: 'a red door', numberResults: 2, taskUUID: clientReference });
  const [, ref] = await world.enqueue(2, { request, deadlineAt, idempotencyKey: 'order-7', retryOf: 'earlier' });
  const reply = await world.open(ref!);
  expect(reply).toMatchObject({ kind: 'go', send: 1, fresh: true, request });
  expect(Math.abs(reply.now - Date.now())).toBeLessThan(5000);
  const requestDigest = 'a'.repeat(64);
  expect(intentSchema.parse({ ...reply.intent, requestDigest })).toEqual({
    version: 2,
    ...ref,
    taskUUID: taskUuidOf(ref!),
    round: 0,
    firstSentAt: reply.now,
    tenant: 'acme',
    images: 2,
    createdAt: expect.any(Number),
    deadlineAt,
    idempotencyKeyHash: expect.stringMatching(/^[0-9a-f]{64}$/),
    clientReference,
    retryOf: 'earlier',
    reservation: { amountNanoUsd: IMAGE_NANO_USD, periods: Object.keys(await world.ledger()).toSorted() },
    provider: 'runware',
    model: 'xai:grok-imagine@image',
    outputFormat: 'JPG',
    dimensions: formatDimensions({ kind: 'one-of', sizes }),
    outline: grokImagineImage.outline(request).request,
    requestDigest,
  });
  expect(await world.submission(ref!)).toMatchObject({ status: 'committed', 'send:1': 'open' });
  expect(await world.store.find(ref!.generationId)).toMatchObject({ status: 'running' });
});

test('the same token gets the same answer', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  const first = await world.store.commit(ref, 'token-1');
  const before = await world.keyspace();
  expect(await world.store.commit(ref, 'token-1')).toEqual({ ...first, now: expect.any(Number) });
  expect(await world.keyspace()).toEqual(before);
});

test('a second run is another send and not a fresh one, under an intent of its own, and keeps the time of the first', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  const first = await world.open(ref);
  const second = await world.open(ref);
  expect(second).toMatchObject({ send: 2, fresh: false });
  expect(second.intent).toEqual({ ...first.intent, round: 1 });
});

test('after a send that was refused in so many words the next one is fresh, in a round of its own', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref, 'throttled');
  expect(await world.open(ref)).toMatchObject({ send: 2, fresh: true, intent: { round: 1 } });
});

test('each of many commits at once opens its own send, and one of them is fresh', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  const replies = await Promise.all(Array.from({ length: 20 }, (_, at) => world.store.commit(ref, `token-${at}`)));
  const sends = replies.map((reply) => (reply.kind === 'go' ? reply.send : 0));
  expect(sends.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, at) => at + 1));
  expect(replies.filter((reply) => reply.kind === 'go' && reply.fresh)).toHaveLength(1);
});

test('without an epoch nothing is bought', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.redis.del(`${world.prefix}:epoch`);
  const before = await world.keyspace();
  expect(await world.store.commit(ref, 't')).toEqual({ kind: 'stop', reason: 'not-initialised', detail: '' });
  expect(await world.keyspace()).toEqual(before);
});

test('a process buys in the Redis of its own Darkroom alone', async () => {
  await using world = await setup();
  const { prefix, redis } = world;
  const [ref] = await world.enqueue();
  await redis.set(`${prefix}:owner`, 'ours');
  let ownerId: string | undefined = 'theirs';
  const config = { prefix, retention: defaultRetention, pollRate: { perSecond: 1, burst: 1 }, ownerId: () => ownerId };
  const store = buildGenerationStore(config, redis);
  const before = await world.keyspace();
  expect(await store.commit(ref, 't')).toEqual({ kind: 'stop', reason: 'foreign', detail: '' });
  expect(await world.keyspace()).toEqual(before);
  ownerId = 'ours';
  expect(await store.commit(ref, 't')).toMatchObject({ kind: 'go', send: 1 });
  ownerId = undefined;
  expect(await store.commit(ref, 't')).toMatchObject({ kind: 'go', send: 1 });
});

test('the commit buys no submission without an entry', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  const { generationId } = newGeneration();
  expect(await world.store.commit({ generationId, index: 0, n: 1 }, 't')).toMatchObject({ reason: 'no-record' });
  expect(await world.store.commit({ ...ref, n: 2 }, 't')).toMatchObject({ reason: 'no-record' });
});

test('the commit buys no submission again that was accepted or has come home', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref);
  expect(await world.store.commit(ref, 't')).toEqual({ kind: 'stop', reason: 'settled', detail: 'accepted' });
  await world.store.settle(ref, endedForGood(ref, 'succeeded'));
  expect(await world.store.commit(ref, 't')).toEqual({ kind: 'stop', reason: 'settled', detail: 'succeeded' });
});

test('the commit repeats no send after a cancel', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref, 'unknown');
  await world.store.cancel(ref.generationId);
  expect(await world.store.commit(ref, 't')).toEqual({ kind: 'stop', reason: 'closed', detail: 'cancelled' });
});

test('the commit reports never-bought after a cancel if nothing was sent', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref, 'throttled');
  await world.store.cancel(ref.generationId);
  expect(await world.store.commit(ref, 't')).toEqual({ kind: 'stop', reason: 'never-bought', detail: 'cancelled' });
});

test('a resubmission is not bought after the first submission came home', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue(2);
  await world.send(ref);
  const next = { ...ref, n: 2 };
  expect(await world.store.settle(ref, { ...endedForGood(ref, 'failed'), mayResubmit: true })).toEqual({ kind: 'resubmit', n: 2 });
  await world.store.settle(ref, endedForGood(ref, 'succeeded'));
  expect(await world.store.commit(next, 't')).toEqual({ kind: 'stop', reason: 'never-bought', detail: 'running' });
});

test('while buying is paused nothing is bought, and afterwards it is', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.store.pauseBuying({ kind: 'account', reason: 'insufficientCredits', since: 1 });
  const stopped = await world.store.commit(ref, 't');
  expect(stopped).toMatchObject({ kind: 'stop', reason: 'paused', detail: expect.stringContaining('insufficientCredits') });
  expect(await world.submission(ref)).toMatchObject({ status: 'planned', sends: '0' });
  await world.store.pauseBuying({ kind: 'operator', reason: 'maintenance', since: 2 });
  expect(await world.store.pauses()).toEqual([
    { kind: 'account', reason: 'insufficientCredits', since: 1 },
    { kind: 'operator', reason: 'maintenance', since: 2 },
  ]);
  expect(await world.store.resumeBuying(['account'])).toBe(1);
  expect(await world.store.commit(ref, 't')).toMatchObject({
    kind: 'stop',
    reason: 'paused',
    detail: expect.stringContaining('maintenance'),
  });
  await world.store.resumeBuying(['operator']);
  expect(await world.open(ref)).toMatchObject({ send: 1, fresh: true });
});

test('without money on hold nothing is bought', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.redis.hset(`${world.prefix}:submission:${ref.generationId}:0-1`, 'held', '0');
  expect(await world.store.commit(ref, 't')).toMatchObject({ reason: 'no-reservation' });
});

test('a commit after the deadline expires the generation and gives its money back', async () => {
  await using world = await setup();
  const [first, second] = await world.enqueue(2, { deadlineAt: Date.now() + 60_000 });
  await world.redis.hset(`${world.prefix}:generation:${first.generationId}`, 'deadlineAt', 1);
  expect(await world.store.commit(first, 't')).toEqual({ kind: 'stop', reason: 'settled', detail: 'failed' });
  expect(await world.store.find(first.generationId)).toMatchObject({
    status: 'expired',
    reservedUsd: '0',
    images: [
      { status: 'failed', fault: { code: 'generation.expired' } },
      { status: 'failed', fault: { code: 'generation.expired' } },
    ],
  });
  expect(await world.spent()).toEqual({ reserved: 0, settled: 0 });
  expect(await world.store.commit(second!, 't')).toEqual({ kind: 'stop', reason: 'settled', detail: 'failed' });
});

test('a send that Redis forgot makes this one a repetition of it', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  const { send } = await world.open(ref);
  await world.store.adoptIntent(ref, 1_700_000_000_000);
  expect(await world.submission(ref), 'both').toMatchObject({ sends: '2' });
  expect(await world.store.recordVerdict(ref, send, 'refused')).toBe('unproven');
  expect(await world.open(ref)).toMatchObject({ fresh: false, intent: { firstSentAt: 1_700_000_000_000 } });
});
