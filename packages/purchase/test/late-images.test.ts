import { jobIdOf } from '@darkroom/queues';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { settle, submit, type Purchase } from '../src/index.ts';
import { expectAgreement, ledgerOf, type Agreed } from './agreement.ts';
import { dyingAt, freezingAt, ProcessDied } from './interruptions.ts';
import { nextOf, startPurchaseWorld, type PurchaseWorld } from './purchase-world.ts';

/** Images that come home after their submission, or their generation, has ended. All were paid for, so all are kept. */
let world: PurchaseWorld;
beforeAll(async () => {
  world = await startPurchaseWorld();
});
afterAll(() => world.stop());

/** A process to which the provider says that a task has failed, although it makes the image. */
function misled(): Purchase {
  const purchase = world.purchase();
  const fault = { class: 'timeout', code: 'timeoutProvider', message: 'The provider did not respond in time.' } as const;
  return { ...purchase, provider: { ...purchase.provider, lookUp: () => Promise.resolve({ kind: 'failed', fault, facts: {} }) } };
}

/** A first submission that was said to have failed while its image is still being made. */
async function wronglyFailed(uploadLateMs = 300) {
  await world.setFaults({ uploadLateRate: 1, uploadLateMs });
  const ref = await world.enqueue();
  await submit(world.purchase(), ref);
  expect(await settle(misled(), ref)).toMatchObject({ kind: 'snooze', why: 'ended-without-image' });
  return ref;
}

const twoPaid: Agreed = { status: 'succeeded', images: ['succeeded'], executions: 2 };

describe('an image whose task was said to have failed', () => {
  test('comes home beside the one that was bought in its place: an extra, and both costs are counted', async () => {
    const ref = await wronglyFailed();
    await submit(world.purchase(), nextOf(ref));
    await world.comeHome(nextOf(ref));
    await world.uploaded(ref);
    await world.comeHome(ref);
    const view = await expectAgreement(world, ref, { ...twoPaid, amended: true });
    expect(view.images[0]?.extras).toHaveLength(1);
    expect(view.images[0]?.image?.key).toContain('/0-2.jpg');
    expect(view.images[0]?.extras[0]?.key).toContain('/0-1.jpg');
  });

  test('comes home while the one in its place is under way', async () => {
    const ref = await wronglyFailed();
    await submit(world.purchase(), nextOf(ref));
    await world.uploaded(ref);
    await world.comeHome(ref);
    expect((await world.store.find(ref.generationId))?.status).toBe('succeeded');
    await world.comeHome(nextOf(ref));
    const view = await expectAgreement(world, ref, { ...twoPaid, amended: true });
    expect(view.images[0]?.image?.key).toContain('/0-1.jpg');
  });

  test('comes home before another is bought in its place: that one is not bought, and its hold is given back', async () => {
    const ref = await wronglyFailed();
    await world.uploaded(ref);
    await world.comeHome(ref);
    expect(await submit(world.purchase(), nextOf(ref))).toEqual({ kind: 'finished' });
    await expectAgreement(world, ref, { status: 'succeeded', images: ['succeeded'], executions: 1 });
  });

  test('comes home while the send in its place was refused: that one is not sent again', async () => {
    const ref = await wronglyFailed();
    await world.setFaults({ submit429Rate: 1 });
    expect((await submit(world.purchase(), nextOf(ref))).kind).toBe('snooze');
    await world.setFaults({});
    await world.uploaded(ref);
    await world.comeHome(ref);
    expect(await submit(world.purchase(), nextOf(ref))).toEqual({ kind: 'finished' });
    expect((await world.storage.findResult(nextOf(ref)))?.fault?.code).toBe('submission.superseded');
    await expectAgreement(world, ref, { status: 'succeeded', images: ['succeeded'], executions: 1 });
  });

  test('is home before Redis heard of the failure: nothing is bought in its place', async () => {
    await world.setFaults({ uploadLateRate: 1, uploadLateMs: 200 });
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    await expect(settle(dyingAt(misled(), 'after', 'archive.recordResult'), ref)).rejects.toThrow(ProcessDied);
    await world.uploaded(ref);
    await world.comeHome(ref);
    const view = await expectAgreement(world, ref, { status: 'succeeded', images: ['succeeded'], executions: 1 });
    expect(view.images[0]?.submissions).toBe(1);
  });

  test('is waited for after a delivery that came before its upload, although the provider still says that it failed', async () => {
    const ref = await wronglyFailed(400);
    await world.store.cancel(ref.generationId);
    // The order that is documented: the webhook first, the upload seconds later. The delivery wakes a settlement.
    await world.store.recordDelivery(ref, { body: '{"data":[{"status":"success"}]}' });
    expect(await settle(misled(), ref)).toMatchObject({ kind: 'snooze', why: 'late-upload' });
    await world.uploaded(ref);
    await world.due(ref);
    expect(await settle(misled(), ref)).toEqual({ kind: 'finished' });
    await expectAgreement(world, ref, { status: 'cancelled', images: ['succeeded'], executions: 1, amended: true });
  });

  test('is waited for after a delivery that came while the failure was being written down', async () => {
    await world.setFaults({ uploadLateRate: 1, uploadLateMs: 300 });
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    const frozen = freezingAt(misled(), 'before', 'store.settle');
    const run = settle(frozen.purchase, ref);
    await frozen.stands;
    // It finds its job running, and leaves it to the end of that run to look for what came meanwhile.
    await world.store.recordDelivery(ref, { body: '{"data":[{"status":"success"}]}' });
    frozen.thaw();
    const outcome = await run;
    expect(outcome.kind === 'snooze' && outcome.seenDelivery).toBe((await world.store.newestDelivery(ref)) - 1);
    await world.uploaded(ref);
    await world.comeHome(ref);
    await submit(world.purchase(), nextOf(ref));
    await expectAgreement(world, ref, { status: 'succeeded', images: ['succeeded'], executions: 1 });
  });

  test('is not waited for without end', async () => {
    const ref = await wronglyFailed();
    await world.store.recordDelivery(ref, { body: '{"errors":[]}' });
    const { provider, ...rest } = misled();
    const later = { ...rest, provider, settings: { ...rest.settings, timing: { ...rest.settings.timing, uploadWindowMs: 0 } } };
    expect(await settle(later, ref)).toEqual({ kind: 'finished' });
  });
});

describe('a generation that was ended from outside after its image was sent', () => {
  const ends = { cancelled: {}, expired: { deadlineInMs: 150 } } as const;
  for (const [status, ordered] of Object.entries(ends) as ['cancelled' | 'expired', object][]) {
    test(`stays ${status}; the image is kept, paid and amended`, async () => {
      await world.setFaults({ executionMs: [200, 250] });
      const ref = await world.enqueue(ordered);
      await submit(world.purchase(), ref);
      if (status === 'cancelled') await world.store.cancel(ref.generationId);
      await world.uploaded(ref);
      await world.comeHome(ref);
      await expectAgreement(world, ref, { status, images: ['succeeded'], executions: 1, amended: true });
    });

    test(`stays ${status}; what was refused before is not sent again`, async () => {
      await world.setFaults({ submit429Rate: 1 });
      const ref = await world.enqueue(ordered);
      await submit(world.purchase(), ref);
      await world.setFaults({});
      if (status === 'cancelled') await world.store.cancel(ref.generationId);
      await world.pastDeadline(ref);
      expect(await submit(world.purchase(), ref)).toEqual({ kind: 'finished' });
      await expectAgreement(world, ref, { status, images: ['failed'], executions: 0 });
    });
  }

  test('and whose send may have been accepted is looked for and not sent again', async () => {
    await world.setFaults({ submitResetAfterRate: 1 });
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    await world.store.cancel(ref.generationId);
    expect(await submit(world.purchase(), ref)).toEqual({ kind: 'finished' });
    await world.comeHome(ref);
    expect(await world.billed(ref, 'submission')).toBe(1);
    await expectAgreement(world, ref, { status: 'cancelled', images: ['succeeded'], executions: 1, amended: true });
  });

  test('after the decision to buy by a process that died: a settlement sees to it, and the money is not forgotten', async () => {
    await world.setFaults({});
    const ref = await world.enqueue();
    await expect(submit(dyingAt(world.purchase(), 'after', 'store.commit'), ref)).rejects.toThrow(ProcessDied);
    await world.store.cancel(ref.generationId);
    expect(await submit(world.purchase(), ref)).toEqual({ kind: 'finished' });
    expect(await world.settlements.queue.getJobState(jobIdOf(ref))).toBe('delayed');
    expect(await settle(world.purchase({ timing: { horizonMs: 0 } }), ref)).toMatchObject({ kind: 'snooze', why: 'ended-without-image' });
    await expectAgreement(world, ref, { status: 'cancelled', images: ['unknown'], executions: 0, held: 1 });
  });

  test('between the decision to buy and the request: the image is bought, kept and amended', async () => {
    await world.setFaults({});
    const ref = await world.enqueue();
    const frozen = freezingAt(world.purchase(), 'after', 'store.commit');
    const run = submit(frozen.purchase, ref);
    await frozen.stands;
    await world.store.cancel(ref.generationId);
    frozen.thaw();
    expect(await run).toEqual({ kind: 'submitted' });
    await world.comeHome(ref);
    await expectAgreement(world, ref, { status: 'cancelled', images: ['succeeded'], executions: 1, amended: true });
  });
});

// A gateway may refuse what it has passed on, and the image may be home before the refusal is written down.
for (const isCancelled of [false, true]) {
  test(`an image whose refusal is recorded between its result in S3 and in Redis is kept${isCancelled ? ', also of a cancelled generation' : ''}`, async () => {
    await world.setFaults({ submit429Rate: 1, submit429AcceptedRate: 1 });
    const ref = await world.enqueue();
    const refused = freezingAt(world.purchase(), 'before', 'store.recordVerdict');
    const submission = submit(refused.purchase, ref);
    await refused.stands;
    await world.uploaded(ref);
    const home = freezingAt(world.purchase(), 'after', 'archive.recordResult');
    const settlement = settle(home.purchase, ref);
    await home.stands;
    refused.thaw();
    expect((await submission).kind).toBe('snooze');
    if (isCancelled) await world.store.cancel(ref.generationId);
    home.thaw();
    expect(await settlement).toEqual({ kind: 'finished' });
    await world.setFaults({});
    expect(await submit(world.purchase(), ref)).toEqual({ kind: 'finished' });
    const status = isCancelled ? 'cancelled' : 'succeeded';
    await expectAgreement(world, ref, { status, images: ['succeeded'], executions: 1, ...(isCancelled ? { amended: true } : {}) });
  });
}

test('nothing is heard until the horizon: unknown, its money held; and the image that comes after it is kept', async () => {
  await world.setFaults({ executionMs: [300, 300] });
  const ref = await world.enqueue();
  await submit(world.purchase(), ref);
  expect(await settle(world.purchase({ timing: { horizonMs: 0 } }), ref)).toMatchObject({ kind: 'snooze', why: 'ended-without-image' });
  expect((await world.store.find(ref.generationId))?.images[0]?.status).toBe('unknown');
  expect(await ledgerOf(world, ref.generationId)).toEqual({ settled: 0, reserved: 20_000_000 });
  await world.uploaded(ref);
  await world.comeHome(ref);
  await expectAgreement(world, ref, { status: 'failed', images: ['succeeded'], executions: 1, amended: true });
});
