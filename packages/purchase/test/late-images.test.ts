import { jobIdOf } from '@darkroom/queues';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { settle, submit, type Purchase } from '../src/index.ts';
import { expectAgreement, ledgerOf, type Agreed } from './agreement.ts';
import { dyingAt, freezingAt, ProcessDied } from './interruptions.ts';
import { nextOf, startPurchaseWorld, type PurchaseWorld } from './purchase-world.ts';

/** Images that come home after the end of their submission or generation. All were paid for, so all are kept. */
let world: PurchaseWorld;
beforeAll(async () => {
  world = await startPurchaseWorld();
});
afterAll(() => world.stop());

/** A process to which the provider reports a failed task, although it makes the image. */
function misled(): Purchase {
  const purchase = world.purchase();
  const fault = { class: 'timeout', code: 'timeoutProvider', message: 'The provider did not respond in time.' } as const;
  return { ...purchase, provider: { ...purchase.provider, lookUp: () => Promise.resolve({ kind: 'failed', fault, facts: {} }) } };
}

/** Makes a first submission that was reported failed while the provider still makes its image. */
async function wronglyFailed(uploadLateMs = 300) {
  await world.setFaults({ uploadLateRate: 1, uploadLateMs });
  const ref = await world.enqueue();
  await submit(world.purchase(), ref);
  expect(await settle(misled(), ref)).toMatchObject({ kind: 'snooze', why: 'ended-without-image' });
  return ref;
}

const twoPaid: Agreed = { status: 'succeeded', images: ['succeeded'], executions: 2 };

describe('an image whose task was reported failed', () => {
  test('comes home beside its replacement: it is an extra, and both costs count', async () => {
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

  test('comes home while its replacement is under way', async () => {
    const ref = await wronglyFailed();
    await submit(world.purchase(), nextOf(ref));
    await world.uploaded(ref);
    await world.comeHome(ref);
    expect((await world.store.find(ref.generationId))?.status).toBe('succeeded');
    await world.comeHome(nextOf(ref));
    const view = await expectAgreement(world, ref, { ...twoPaid, amended: true });
    expect(view.images[0]?.image?.key).toContain('/0-1.jpg');
  });

  test('comes home before its replacement is bought: no replacement is bought, and its hold is given back', async () => {
    const ref = await wronglyFailed();
    await world.uploaded(ref);
    await world.comeHome(ref);
    expect(await submit(world.purchase(), nextOf(ref))).toEqual({ kind: 'finished' });
    await expectAgreement(world, ref, { status: 'succeeded', images: ['succeeded'], executions: 1 });
  });

  test('comes home after the send of its replacement was refused: that is not sent again', async () => {
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

  test('is home before the failure reaches Redis: no replacement is bought', async () => {
    await world.setFaults({ uploadLateRate: 1, uploadLateMs: 200 });
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    await expect(settle(dyingAt(misled(), 'after', 'archive.recordResult'), ref)).rejects.toThrow(ProcessDied);
    await world.uploaded(ref);
    await world.comeHome(ref);
    const view = await expectAgreement(world, ref, { status: 'succeeded', images: ['succeeded'], executions: 1 });
    expect(view.images[0]?.submissions).toBe(1);
  });

  test('is waited for after a delivery before its upload, although the provider still reports a failure', async () => {
    const ref = await wronglyFailed(400);
    await world.store.cancel(ref.generationId);
    // The documented order: the webhook first, the upload seconds later. The delivery wakes a settlement.
    await world.store.recordDelivery(ref, { body: '{"data":[{"status":"success"}]}' });
    expect(await settle(misled(), ref)).toMatchObject({ kind: 'snooze', why: 'late-upload' });
    await world.uploaded(ref);
    await world.due(ref);
    expect(await settle(misled(), ref)).toEqual({ kind: 'finished' });
    await expectAgreement(world, ref, { status: 'cancelled', images: ['succeeded'], executions: 1, amended: true });
  });

  test('is waited for after a delivery that came while the failure was being recorded', async () => {
    await world.setFaults({ uploadLateRate: 1, uploadLateMs: 300 });
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    const frozen = freezingAt(misled(), 'before', 'store.settle');
    const run = settle(frozen.purchase, ref);
    await frozen.stands;
    // The receiver finds the job running, and leaves it to the end of that run to look for later deliveries.
    await world.store.recordDelivery(ref, { body: '{"data":[{"status":"success"}]}' });
    frozen.thaw();
    const outcome = await run;
    expect(outcome.kind === 'snooze' && outcome.seenDelivery).toBe((await world.store.newestDelivery(ref)) - 1);
    await world.uploaded(ref);
    await world.comeHome(ref);
    await submit(world.purchase(), nextOf(ref));
    await expectAgreement(world, ref, { status: 'succeeded', images: ['succeeded'], executions: 1 });
  });

  test('is not waited for forever', async () => {
    const ref = await wronglyFailed();
    await world.store.recordDelivery(ref, { body: '{"errors":[]}' });
    const { provider, ...rest } = misled();
    const later = { ...rest, provider, settings: { ...rest.settings, timing: { ...rest.settings.timing, uploadWindowMs: 0 } } };
    expect(await settle(later, ref)).toEqual({ kind: 'finished' });
  });
});

describe('a generation that was cancelled or expired after its image was sent', () => {
  const ends = { cancelled: {}, expired: { deadlineInMs: 150 } } as const;
  for (const [status, ordered] of Object.entries(ends) as ['cancelled' | 'expired', object][]) {
    test(`stays ${status}; its image is kept, paid and recorded as an amendment`, async () => {
      await world.setFaults({ executionMs: [200, 250] });
      const ref = await world.enqueue(ordered);
      await submit(world.purchase(), ref);
      if (status === 'cancelled') await world.store.cancel(ref.generationId);
      await world.uploaded(ref);
      await world.comeHome(ref);
      await expectAgreement(world, ref, { status, images: ['succeeded'], executions: 1, amended: true });
    });

    test(`stays ${status}; a submission that was refused before is not sent again`, async () => {
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

  test('repeats no send that may have been accepted, and is waited for', async () => {
    await world.setFaults({ submitResetAfterRate: 1 });
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    await world.store.cancel(ref.generationId);
    expect(await submit(world.purchase(), ref)).toEqual({ kind: 'finished' });
    await world.comeHome(ref);
    expect(await world.billed(ref, 'submission')).toBe(1);
    await expectAgreement(world, ref, { status: 'cancelled', images: ['succeeded'], executions: 1, amended: true });
  });

  test('after the commit of a process that died: a settlement ends it, and its money is not forgotten', async () => {
    await world.setFaults({});
    const ref = await world.enqueue();
    await expect(submit(dyingAt(world.purchase(), 'after', 'store.commit'), ref)).rejects.toThrow(ProcessDied);
    await world.store.cancel(ref.generationId);
    expect(await submit(world.purchase(), ref)).toEqual({ kind: 'finished' });
    expect(await world.settlements.queue.getJobState(jobIdOf(ref))).toBe('delayed');
    expect(await settle(world.purchase({ timing: { horizonMs: 0 } }), ref)).toMatchObject({ kind: 'snooze', why: 'ended-without-image' });
    await expectAgreement(world, ref, { status: 'cancelled', images: ['unknown'], executions: 0, held: 1 });
  });

  test('between the commit and the request: the image is bought, kept and recorded as an amendment', async () => {
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

// A gateway may refuse a request that it has passed on, and the image may be home before the refusal is recorded.
for (const isCancelled of [false, true]) {
  test(`an image is kept although a refusal is recorded between its result in S3 and in Redis${isCancelled ? ', also of a cancelled generation' : ''}`, async () => {
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

test('without any news until the horizon a submission is unknown and holds its money; an image that comes later is kept', async () => {
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
