import type { SubmissionRef } from '@darkroom/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { settle, submit, type Outcome, type Purchase } from '../src/index.ts';
import { expectAgreement } from './agreement.ts';
import { intercept } from './interruptions.ts';
import { startPurchaseWorld, type PurchaseWorld } from './purchase-world.ts';

/**
 * Bounds what the holder of a leaked capability can cause: it can deliver anything for 26 hours, each delivery wakes, and the number of
 * questions stays bounded.
 */
let world: PurchaseWorld;
beforeAll(async () => {
  world = await startPurchaseWorld();
});
afterAll(() => world.stop());

function counting(purchase: Purchase) {
  let questions = 0;
  const counted = intercept(purchase, (name, call) => {
    if (name.startsWith('provider.lookUp')) questions += 1;
    return call();
  });
  return { purchase: counted, questions: () => questions };
}

/** Makes the run that a delivery wakes, like a receiver that wakes for each one. */
async function wake(purchase: Purchase, ref: SubmissionRef, body: string): Promise<Outcome> {
  await world.store.recordDelivery(ref, { body });
  return settle(purchase, ref);
}

async function wakes(purchase: Purchase, ref: SubmissionRef, bodies: readonly string[]): Promise<void> {
  for (const body of bodies) expect((await wake(purchase, ref, body)).kind).toBe('snooze');
}
const copies: readonly string[] = Array.from({ length: 20 }, () => '{"errors":[{"code":"x"}]}');
const distinct: readonly string[] = Array.from({ length: 40 }, (_, at) => `{"errors":[{"code":"${at}"}]}`);

async function sent(faults: Record<string, unknown>) {
  await world.setFaults(faults);
  const ref = await world.enqueue();
  await submit(world.purchase(), ref);
  return { ref, ...counting(world.purchase()) };
}

async function failed() {
  const parts = await sent({ failProviderErrorRate: 1 });
  await world.failed(parts.ref);
  expect(await settle(world.purchase({ maxSubmissions: 1 }), parts.ref)).toMatchObject({ why: 'ended-without-image' });
  return parts;
}

const slow = { executionMs: [60_000, 60_000] };

test.each([
  ['under way', () => sent(slow), 1],
  ['whose send had no answer', () => sent({ submitResetBeforeRate: 1 }), 2],
  ['that has failed', failed, 1],
] as const)('twenty copies of one false body cause one look at a submission %s', async (_, start, questions) => {
  const forged = await start();
  await wakes(forged.purchase, forged.ref, copies);
  expect(forged.questions()).toBe(questions);
});

test('each distinct kept delivery causes one look, and does not slow the schedule', async () => {
  const forged = await sent(slow);
  await wakes(forged.purchase, forged.ref, distinct);
  expect(forged.questions()).toBe(20);
  expect(await world.store.beginSettlement(forged.ref)).toMatchObject({ polls: 1, deliverySeq: 20 });
});

test('after an end each kept delivery causes at most five looks, and others together one an hour', async () => {
  const forged = await failed();
  const { ref } = forged;
  const key = `${world.prefix}:submission:${ref.generationId}:0-1`;
  let outcome = await wake(forged.purchase, ref, copies[0]!);
  while (outcome.kind === 'snooze') {
    await world.redis.hincrby(key, 'deliveredAt', -outcome.delayMs); // so much later
    await world.due(ref);
    outcome = await settle(forged.purchase, ref);
  }
  expect(outcome).toEqual({ kind: 'finished' });
  expect(forged.questions()).toBe(5);
  for (const body of copies) {
    const again = await wake(forged.purchase, ref, body);
    expect(again).toMatchObject({ kind: 'snooze', why: 'asked' });
    expect(again.kind === 'snooze' && again.delayMs).toBeGreaterThan(3_500_000);
  }
  expect(forged.questions()).toBe(5);
  await world.due(ref);
  expect(await settle(forged.purchase, ref)).toEqual({ kind: 'finished' });
  expect(forged.questions()).toBe(6);
});

test.each([
  ['five', 5, false],
  ['more than are kept', 30, true],
] as const)('the image comes home with the true delivery after %s false ones', async (_, count, isScheduled) => {
  const forged = await sent({ uploadDelayMs: [1500, 1500] });
  await wakes(forged.purchase, forged.ref, distinct.slice(0, count));
  await world.uploaded(forged.ref);
  if (isScheduled) await world.due(forged.ref);
  expect(await wake(forged.purchase, forged.ref, 'the true one')).toEqual({ kind: 'finished' });
  await expectAgreement(world, forged.ref, { status: 'succeeded', images: ['succeeded'], executions: 1 });
});

test('an image that comes after an end and a flood is found within the hour', async () => {
  const forged = await failed();
  const { ref } = forged;
  for (const body of distinct) await world.store.recordDelivery(ref, { body });
  await settle(forged.purchase, ref);
  const upload = await sent({});
  const bytes = await world.uploaded(upload.ref);
  await world.upload(ref, bytes);
  expect(await wake(forged.purchase, ref, 'the true one')).toMatchObject({ kind: 'snooze', why: 'asked' });
  await world.due(ref);
  expect(await settle(forged.purchase, ref)).toEqual({ kind: 'finished' });
  expect((await world.store.find(ref.generationId))?.images[0]?.status).toBe('succeeded');
});
