import { parseGrokImagineRequest, sizes, taskUuidOf, type TaskFacts } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { ended, endedForGood, IMAGE_NANO_USD, imageOf, newGeneration, nextOf, setup } from './world.ts';

test('a generation is found as it was asked for', async () => {
  await using world = await setup();
  const clientReference = '39571168-687a-4aec-a253-df7be20bd0d4';
  const request = parseGrokImagineRequest({ positivePrompt: 'կարմիր դուռ "🚪"', numberResults: 2, taskUUID: clientReference });
  const generation = newGeneration(2, { request, deadlineAt: Date.now() + 60_000, retryOf: 'earlier' });
  await world.store.enqueue(generation);
  const open = { status: 'open', submissionStatus: 'planned', submissions: 1, costUsd: '0', extras: [] };
  expect(await world.store.find(generation.generationId)).toEqual({
    generationId: generation.generationId,
    revision: 1,
    status: 'queued',
    provider: 'runware',
    model: 'xai:grok-imagine@image',
    tenant: 'acme',
    request,
    images: [
      { index: 0, taskUUID: taskUuidOf({ generationId: generation.generationId, index: 0, n: 1 }), ...open },
      { index: 1, taskUUID: taskUuidOf({ generationId: generation.generationId, index: 1, n: 1 }), ...open },
    ],
    costUsd: '0',
    reservedUsd: '0.04',
    createdAt: expect.any(Number),
    deadlineAt: generation.deadlineAt,
    clientReference,
    retryOf: 'earlier',
    queue: { position: 1 },
    amended: false,
  });
});

test('an image is found with its facts, its cost and the way it came', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref);
  const { result, ...settlement } = ended(ref, 'succeeded');
  await world.store.settle(ref, { ...settlement, result: { ...result, imageUUID: 'made-1', seed: 42, nsfwContent: false } });
  expect((await world.store.find(ref.generationId))?.images).toEqual([
    {
      index: 0,
      status: 'succeeded',
      submissionStatus: 'succeeded',
      submissions: 1,
      taskUUID: taskUuidOf(ref),
      image: imageOf(ref),
      imageUUID: 'made-1',
      seed: 42,
      nsfwContent: false,
      road: 'upload',
      costUsd: '0.02',
      extras: [],
      settledAt: expect.any(Number),
    },
  ]);
});

test('a failed image says what went wrong', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref);
  await world.store.settle(ref, ended(ref, 'failed'));
  await world.send(nextOf(ref));
  await world.store.settle(nextOf(ref), endedForGood(nextOf(ref), 'failed', { code: 'provider.content-refused' }));
  expect((await world.store.find(ref.generationId))?.images).toMatchObject([
    {
      status: 'failed',
      submissions: 2,
      taskUUID: taskUuidOf(nextOf(ref)),
      fault: { code: 'provider.content-refused', message: 'it broke' },
    },
  ]);
});

test('a settlement sees the submission as it is', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  expect(await world.store.beginSettlement(ref)).toMatchObject({ status: 'planned', sends: 0, settlements: 1, generationClosed: false });
  const { intent } = await world.open(ref);
  await world.store.cancel(ref.generationId);
  const view = await world.store.beginSettlement(ref);
  expect(view).toEqual({
    now: expect.any(Number),
    status: 'committed',
    provider: 'runware',
    model: 'xai:grok-imagine@image',
    expected: { outputFormat: 'JPG', dimensions: { kind: 'one-of', sizes } },
    generationClosed: true,
    round: 0,
    sends: 1,
    deliverySeq: 0,
    settlements: 2,
    strikes: 0,
    firstSentAt: intent.firstSentAt,
    hasConflicted: false,
    polls: 0,
    looks: 0,
    reservation: { amountNanoUsd: IMAGE_NANO_USD, periods: intent.reservation.periods },
  });
});

test('the facts of a finished task are kept, with the time they were first heard', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.open(ref);
  const facts: TaskFacts = { imageUUID: taskUuidOf(ref), imageURL: 'https://im.example/1.jpg', seed: 7, costNanoUsd: 1, nsfwContent: true };
  await world.store.recordFacts(ref, { seed: 7 });
  const first = await world.store.beginSettlement(ref);
  expect(first).toMatchObject({ facts: { seed: 7 }, succeededSeenAt: expect.any(Number) });
  await world.store.recordFacts(ref, facts);
  expect(await world.store.beginSettlement(ref)).toMatchObject({ facts, succeededSeenAt: first?.succeededSeenAt });
});

test('a settlement learns of the next submission while that one waits to be bought, and of the newest delivery', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref);
  await world.store.recordDelivery(ref, { body: '{}' });
  await world.store.settle(ref, ended(ref, 'failed'));
  expect(await world.store.beginSettlement(ref)).toMatchObject({ nextPlanned: 2, deliveredAt: expect.any(Number) });
  await world.open(nextOf(ref));
  expect(await world.store.beginSettlement(ref)).not.toHaveProperty('nextPlanned');
});

test('a settlement after the deadline expires what was never sent', async () => {
  await using world = await setup();
  const [sent, planned] = await world.enqueue(2);
  await world.open(sent);
  await world.redis.hset(`${world.prefix}:generation:${sent.generationId}`, 'deadlineAt', '1');
  expect(await world.store.beginSettlement(sent)).toMatchObject({ status: 'committed', generationClosed: true });
  expect(await world.submission(planned!)).toMatchObject({ status: 'failed', code: 'generation.expired', held: '0' });
  expect(await world.store.find(sent.generationId)).toMatchObject({ status: 'expired', deadlineAt: 1 });
});
