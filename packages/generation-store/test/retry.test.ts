import { createGenerationId, defined, knownModels, modelOf, parseGrokImagineRequest, type SubmissionRef } from '@darkroom/contracts';
import { describe, expect, test } from 'vitest';
import type { NewRetry } from '../src/index.ts';
import { ended, endedForGood, IMAGE_NANO_USD, newGeneration, setup, type World } from './world.ts';

/** A retry of images of an original, or of a retry of it, as the producer prepares it. */
async function retryOf(world: World, of: string, given: { images?: number[]; reason?: string; generationId?: string } = {}) {
  const old = await world.store.find(of);
  const missing = (old?.images ?? []).filter(({ status }) => status !== 'succeeded').map(({ index }) => index);
  const indexes = given.images ?? (missing.length > 0 ? missing : (old?.images ?? []).map(({ index }) => index));
  const retry: NewRetry = {
    generationId: given.generationId ?? createGenerationId(Date.now()),
    tenant: old?.tenant ?? 'acme',
    request: parseGrokImagineRequest({ positivePrompt: 'a red door', numberResults: indexes.length }),
    imageNanoUsd: IMAGE_NANO_USD,
    retryOf: old?.retryOf ?? of,
    replaces: indexes.map((index) => old?.replaces?.[index] ?? index),
    of,
    indexes,
    isAll: given.images === undefined,
    ...defined({ payAgainReason: given.reason }),
  };
  return world.store.retry(retry);
}

async function made(world: World, of: string, given: Parameters<typeof retryOf>[2] = {}): Promise<string> {
  const receipt = await retryOf(world, of, given);
  if (receipt.kind !== 'created') throw new Error(`the retry was "${receipt.kind}"`);
  return receipt.generationId;
}

const outlineOf = (numberResults: number) => {
  const request = parseGrokImagineRequest({ positivePrompt: 'a red door', numberResults });
  return modelOf(knownModels, request).outline(request);
};

const refOf = (generationId: string, index = 0): SubmissionRef => ({ generationId, index, n: 1 });

/** A generation whose images ended so. "open" was sent and has not ended. */
async function endedAs(world: World, ...ends: ('succeeded' | 'failed' | 'lost' | 'unknown' | 'open')[]): Promise<string> {
  const refs = await world.enqueue(ends.length);
  await Promise.all(refs.map((ref, index) => endAs(world, ref, ends[index] ?? 'open')));
  return refs[0].generationId;
}

async function endAs(world: World, ref: SubmissionRef, end: 'succeeded' | 'failed' | 'lost' | 'unknown' | 'open'): Promise<void> {
  await world.send(ref);
  if (end !== 'open') await world.store.settle(ref, endedForGood(ref, end));
}

test('a retry is a new generation for the images that did not succeed, without the key, under the caps', async () => {
  await using world = await setup();
  const refs = await world.enqueue(3, { idempotencyKey: 'order-7' });
  for (const [index, ref] of refs.entries()) await endAs(world, ref, index === 1 ? 'succeeded' : 'failed');
  const id = await made(world, refs[0].generationId);
  expect(await world.store.find(id)).toMatchObject({
    status: 'queued',
    tenant: 'acme',
    retryOf: refs[0].generationId,
    replaces: [0, 2],
    images: [{ status: 'open' }, { status: 'open' }],
    reservedUsd: '0.04',
  });
  expect(await world.generation(id)).toMatchObject({ idempotencyDigest: '' });
  expect(await world.spent()).toEqual({ reserved: 2 * IMAGE_NANO_USD, settled: IMAGE_NANO_USD });
});

test('a cap refuses a retry like an enqueue', async () => {
  await using world = await setup();
  const original = await endedAs(world, 'failed');
  await world.store.setCaps({ allPerDay: 1 });
  await expect(retryOf(world, original)).rejects.toMatchObject({ code: 'spend.cap-reached' });
  expect(await world.redis.keys(`${world.prefix}:retries:*`)).toEqual([]);
});

test('a repeated retry answers with the first one, also fifty at once', async () => {
  await using world = await setup();
  const original = await endedAs(world, 'failed', 'failed');
  const receipts = await Promise.all(Array.from({ length: 50 }, async () => retryOf(world, original)));
  expect(receipts.filter(({ kind }) => kind === 'created')).toHaveLength(1);
  expect(new Set(receipts.map((receipt) => 'generationId' in receipt && receipt.generationId)).size).toBe(1);
  expect((await world.spent()).reserved).toBe(2 * IMAGE_NANO_USD);
});

describe.each(['succeeded', 'lost', 'unknown', 'open'] as const)('while an image of the first retry is %s', (end) => {
  test('the repeated call answers with it, although another image of it failed', async () => {
    await using world = await setup();
    const original = await endedAs(world, 'failed', 'failed');
    const first = await made(world, original);
    await endAs(world, refOf(first), end);
    await endAs(world, refOf(first, 1), 'failed');
    expect(await retryOf(world, original)).toEqual({ kind: 'replayed', generationId: first });
  });
});

test('a retry that failed is retried again, through the original or itself, and both ways are one', async () => {
  await using world = await setup();
  const original = await endedAs(world, 'failed', 'failed');
  const first = await made(world, original);
  await endAs(world, refOf(first, 0), 'failed');
  await endAs(world, refOf(first, 1), 'failed');
  const second = await made(world, original);
  expect(await retryOf(world, first)).toEqual({ kind: 'replayed', generationId: second });
  expect(await retryOf(world, original)).toEqual({ kind: 'replayed', generationId: second });
  await endAs(world, refOf(second, 0), 'succeeded');
  await endAs(world, refOf(second, 1), 'failed');
  const third = await made(world, second);
  expect(await world.store.find(third)).toMatchObject({ retryOf: original, replaces: [1] });
  expect(await retryOf(world, original, { images: [1] })).toEqual({ kind: 'replayed', generationId: third });
});

test('images of different retries refuse one call that names them, each with its retry', async () => {
  await using world = await setup();
  const original = await endedAs(world, 'failed', 'failed', 'failed');
  const first = await made(world, original, { images: [0] });
  const second = await made(world, original, { images: [2] });
  await expect(retryOf(world, original)).rejects.toMatchObject({
    code: 'retry.already-retried',
    images: [
      { index: 0, code: 'retry.already-retried', generationId: first },
      { index: 2, code: 'retry.already-retried', generationId: second },
    ],
  });
});

test('one call names all refused images, and buys none', async () => {
  await using world = await setup();
  const original = await endedAs(world, 'failed', 'lost', 'unknown', 'open', 'succeeded');
  const before = await world.spent();
  await expect(retryOf(world, original, { images: [0, 1, 2, 3, 4] })).rejects.toMatchObject({
    code: 'retry.in-progress',
    retryable: true,
    images: [
      { index: 1, code: 'retry.lost-image', generationId: original },
      { index: 2, code: 'retry.unknown-outcome', generationId: original },
      { index: 3, code: 'retry.in-progress', generationId: original },
      { index: 4, code: 'retry.already-succeeded', generationId: original },
    ],
  });
  expect(await world.spent()).toEqual(before);
});

test.each(['lost', 'unknown'] as const)('an image that is %s is bought again for a reason alone, and so is a retry of it', async (end) => {
  await using world = await setup();
  const original = await endedAs(world, end);
  const code = end === 'lost' ? 'retry.lost-image' : 'retry.unknown-outcome';
  await expect(retryOf(world, original)).rejects.toMatchObject({ code, retryable: false });
  const first = await made(world, original, { reason: 'Runware shows no charge' });
  expect(await retryOf(world, original, { reason: 'again' })).toEqual({ kind: 'replayed', generationId: first });
  const { intent } = await world.open(refOf(first));
  expect(intent).toMatchObject({ retryOf: original, replaces: [0], mayPayAgain: true, reason: 'Runware shows no charge' });
  await world.store.recordVerdict(refOf(first), 1, 'accepted');
  await world.store.settle(refOf(first), endedForGood(refOf(first), 'failed'));
  // the first attempt may have been paid for all the same
  await expect(retryOf(world, first)).rejects.toMatchObject({ code });
  await made(world, original, { reason: 'once more' });
});

test.each(['open', 'unknown', 'lost'] as const)('no reason buys an image again while a send is %s', async (end) => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref, 'unknown');
  if (end !== 'open') await world.store.settle(ref, ended(ref, end));
  const receipt = retryOf(world, ref.generationId, { reason: 'because' });
  if (end === 'open') await expect(receipt).rejects.toMatchObject({ code: 'retry.in-progress' });
  else expect(await receipt).toMatchObject({ kind: 'created' });
});

test('the status of the generation does not matter: sent images of a cancelled one are refused, unsent ones are bought', async () => {
  await using world = await setup();
  const [sent, unsent] = await world.enqueue(2);
  await world.send(sent);
  await world.store.cancel(sent.generationId);
  expect(unsent).toBeDefined();
  await expect(retryOf(world, sent.generationId)).rejects.toMatchObject({ images: [{ index: 0, code: 'retry.in-progress' }] });
  await made(world, sent.generationId, { images: [1] });
});

test('an image that is still to be bought is refused', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await expect(retryOf(world, ref.generationId)).rejects.toMatchObject({ code: 'retry.in-progress' });
});

test("an operator's decision is no proof: it needs a reason", async () => {
  await using world = await setup();
  const original = await endedAs(world, 'unknown');
  await world.store.settle(refOf(original), endedForGood(refOf(original), 'failed', { code: 'submission.written-off' }));
  await expect(retryOf(world, original)).rejects.toMatchObject({ code: 'retry.unknown-outcome' });
});

test('an own id is answered with its generation even after it failed, and refused for other images', async () => {
  await using world = await setup();
  const original = await endedAs(world, 'failed', 'failed');
  const generationId = createGenerationId(Date.now());
  await made(world, original, { images: [0], generationId });
  await endAs(world, refOf(generationId), 'failed');
  expect(await retryOf(world, original, { images: [0], generationId })).toEqual({ kind: 'exists', generationId });
  await expect(retryOf(world, original, { images: [1], generationId })).rejects.toMatchObject({ code: 'request.conflict' });
});

test('what belongs to another tenant does not exist', async () => {
  await using world = await setup();
  const original = await endedAs(world, 'failed');
  await expect(world.store.findRetried(original, 'bob')).rejects.toMatchObject({ code: 'generation.not-found' });
});

test('a generation whose request is gone is not retried, and buys no empty prompt', async () => {
  await using world = await setup();
  const original = await endedAs(world, 'failed');
  await world.store.forgetRequest(original, outlineOf(1));
  await expect(retryOf(world, original)).rejects.toMatchObject({ code: 'request.conflict' });
  expect(await world.redis.keys(`${world.prefix}:retries:*`)).toEqual([]);
});

test('a retry is refused while Redis is not compared with S3', async () => {
  await using world = await setup();
  const original = await endedAs(world, 'failed');
  await world.redis.set(`${world.prefix}:server-run`, 'another');
  await expect(retryOf(world, original)).rejects.toMatchObject({ code: 'queue.unavailable', details: { reason: 'recovering' } });
  await expect(world.store.findRetried(createGenerationId(Date.now()))).rejects.toMatchObject({ code: 'queue.unavailable' });
});

test('a retry is refused while a rebuild reads on', async () => {
  await using world = await setup();
  const original = await endedAs(world, 'failed');
  await world.redis.hset(`${world.prefix}:reading`, { id: 'r', epoch: 'e', pastBefore: 0 });
  await expect(retryOf(world, original)).rejects.toMatchObject({ code: 'queue.unavailable', details: { reason: 'reading' } });
});

describe('at the commit', () => {
  test.each(['failed', 'unknown', 'lost'] as const)(
    'a retry of a %s image that came home is not sent, and gives its money back',
    async (end) => {
      await using world = await setup();
      const original = await endedAs(world, end);
      const id = await made(world, original, end === 'failed' ? {} : { reason: 'r' });
      await world.store.settle(refOf(original), ended(refOf(original), 'succeeded'));
      expect(await world.store.commit(refOf(id), 't')).toMatchObject({ kind: 'stop', reason: 'replaced', detail: 'retry.image-arrived' });
      await world.store.settle(refOf(id), endedForGood(refOf(id), 'failed', { code: 'retry.image-arrived' }));
      expect(await world.spent()).toEqual({ reserved: 0, settled: IMAGE_NANO_USD });
      expect(await retryOf(world, original, { images: [0] })).toEqual({ kind: 'replayed', generationId: id });
      await expect(retryOf(world, id)).rejects.toMatchObject({ code: 'retry.already-succeeded', images: [{ generationId: original }] });
    },
  );

  test('it is not sent either if the entry of the image that came home has left Redis', async () => {
    await using world = await setup();
    const original = await endedAs(world, 'failed');
    const id = await made(world, original);
    await world.store.settle(refOf(original), ended(refOf(original), 'succeeded'));
    await world.redis.del(`${world.prefix}:generation:${original}`);
    expect(await world.store.commit(refOf(id), 't')).toMatchObject({ reason: 'replaced', detail: 'retry.image-arrived' });
  });

  test('an original that has left Redis without a late image is bought again', async () => {
    await using world = await setup();
    const original = await endedAs(world, 'failed');
    const id = await made(world, original);
    await world.redis.del(`${world.prefix}:generation:${original}`);
    expect(await world.store.commit(refOf(id), 't')).toMatchObject({ kind: 'go', intent: { retryOf: original, replaces: [0] } });
  });

  test('it waits while a send of the original may have been accepted, and buys after its failure', async () => {
    await using world = await setup();
    const [ref] = await world.enqueue();
    await world.send(ref);
    await world.store.settle(ref, endedForGood(ref, 'failed'));
    const id = await made(world, ref.generationId);
    const key = `${world.prefix}:submission:${ref.generationId}:0-1`;
    // a comparison finds a send that Redis forgot
    await world.redis.hset(key, 'status', 'committed', 'send:0', 'unknown');
    expect(await world.store.commit(refOf(id), 't')).toMatchObject({ kind: 'stop', reason: 'awaits-replaced', detail: ref.generationId });
    await world.redis.hset(key, 'status', 'unknown');
    expect(await world.store.commit(refOf(id), 't')).toMatchObject({ reason: 'replaced', detail: 'retry.unknown-outcome' });
    await world.redis.hset(key, 'status', 'failed');
    expect(await world.store.commit(refOf(id), 't')).toMatchObject({ kind: 'go' });
  });

  test('a late image of an earlier retry counts too, and no question delays a send that may have been accepted', async () => {
    await using world = await setup();
    const original = await endedAs(world, 'failed', 'failed');
    const first = await made(world, original);
    await endAs(world, refOf(first, 0), 'failed');
    await endAs(world, refOf(first, 1), 'failed');
    const second = await made(world, original);
    await world.send(refOf(second, 1), 'unknown');
    await world.store.settle(refOf(first, 0), ended(refOf(first, 0), 'succeeded'));
    await world.store.settle(refOf(first, 1), ended(refOf(first, 1), 'succeeded'));
    expect(await world.store.commit(refOf(second, 0), 't')).toMatchObject({ reason: 'replaced' });
    expect(await world.store.commit(refOf(second, 1), 'u')).toMatchObject({ kind: 'go', fresh: false });
  });
});

describe('a restore from S3', () => {
  const restored = (generationId: string, given: { retryOf?: string; replaces?: number[]; createdAt?: number } = {}) => ({
    ...newGeneration(1, { generationId }),
    outline: outlineOf(1),
    createdAt: Date.now(),
    submissions: [
      {
        index: 0,
        n: 1,
        failures: 0,
        sent: { round: 0, firstSentAt: Date.now(), reservation: { amountNanoUsd: IMAGE_NANO_USD, periods: ['all:day:2026-11-22'] } },
      },
    ],
    ...given,
  });

  test.each(['original', 'retry'] as const)('brings the pair back, if the %s comes first', async (first) => {
    await using world = await setup();
    const [original, id] = [createGenerationId(Date.now()), createGenerationId(Date.now())];
    const both = [restored(original), restored(id, { retryOf: original, replaces: [0] })];
    for (const each of first === 'original' ? both : both.toReversed()) await world.store.restore(each);
    await world.store.settle(refOf(original), endedForGood(refOf(original), 'failed'));
    expect(await retryOf(world, original)).toEqual({ kind: 'replayed', generationId: id });
  });

  test('of a retry whose original came home before is not bought', async () => {
    await using world = await setup();
    const [original, id] = [createGenerationId(Date.now()), createGenerationId(Date.now())];
    await world.store.restore({ ...restored(id, { retryOf: original, replaces: [0] }), submissions: [{ index: 0, n: 1, failures: 0 }] });
    await world.store.rememberHome(original, [0]);
    expect(await world.store.commit(refOf(id), 't')).toMatchObject({ reason: 'replaced', detail: 'retry.image-arrived' });
  });

  test('notes a retry that is over for long: its image is not bought again unasked', async () => {
    await using world = await setup();
    const original = await endedAs(world, 'failed', 'failed');
    const createdAt = Date.now();
    for (const home of [[], [1]])
      await world.store.rememberRetry({
        generationId: createGenerationId(createdAt),
        retryOf: original,
        replaces: [...home, 0],
        createdAt,
        home,
      });
    await expect(retryOf(world, original)).rejects.toMatchObject({
      images: [{ code: 'retry.unknown-outcome' }, { code: 'retry.already-succeeded' }],
    });
  });
});

test('the notes about retries leave Redis with the last of their generations', async () => {
  await using world = await setup();
  const original = await endedAs(world, 'failed');
  const first = await made(world, original);
  const key = `${world.prefix}:retries:${original}`;
  expect(await world.redis.ttl(key)).toBe(-1);
  await endAs(world, refOf(first), 'failed');
  expect(await world.redis.ttl(key)).toBeGreaterThan(0);
  const second = await made(world, original);
  expect(await world.redis.ttl(key)).toBe(-1);
  await endAs(world, refOf(second), 'succeeded');
  expect(await world.redis.ttl(key)).toBeGreaterThan(0);
});
