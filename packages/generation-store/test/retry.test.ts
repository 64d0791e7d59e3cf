import { createGenerationId } from '@darkroom/contracts';
import { describe, expect, test } from 'vitest';
import { retryOf, made, outlineOf, refOf, endedAs, endAs, failedTwice } from './retry-world.ts';
import { ended, endedForGood, IMAGE_NANO_USD, setup } from './world.ts';

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
  const { original, first } = await failedTwice(world);
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

test('a generation of another tenant does not exist', async () => {
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
