import type { SubmissionRef } from '@darkroom/contracts';
import { jobIdOf } from '@darkroom/queues';
import { eventually, photograph } from '@darkroom/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { submit } from '../src/index.ts';
import { expectAgreement, type Agreed } from './agreement.ts';
import { dyingAt, failingAfter, failingAt, ProcessDied, type PortCall } from './interruptions.ts';
import { notKnownYet, startPurchaseWorld, type PurchaseWorld } from './purchase-world.ts';

/** A purchase that Redis lost, by a failover or a crash, while S3 and the provider remember it: it goes on as a repeated send. */
let world: PurchaseWorld;
beforeAll(async () => {
  world = await startPurchaseWorld();
});
afterAll(() => world.stop());

const succeededOnce: Agreed = { status: 'succeeded', images: ['succeeded'], executions: 1 };

/** Sends an order again after a refusal that is not final, and makes Redis forget that second send. */
async function orderWithForgottenSend(): Promise<SubmissionRef> {
  await world.setFaults({ submit429Rate: 1 });
  const ref = await world.enqueue();
  await submit(world.purchase(), ref);
  await world.setFaults({});
  const restore = await photograph(world);
  await submit(world.purchase(), ref);
  await restore();
  return ref;
}

describe('a purchase that Redis forgot goes on as a repeated send', () => {
  test('when it was accepted', async () => {
    await world.setFaults({});
    const ref = await world.enqueue();
    const restore = await photograph(world);
    await submit(world.purchase(), ref);
    await restore();
    expect(await submit(world.purchase(), ref)).toEqual({ kind: 'submitted' });
    expect(await world.billed(ref, 'submission')).toBe(1);
    await world.comeHome(ref);
    await expectAgreement(world, ref, succeededOnce);
  });

  test('when it had come home', async () => {
    await world.setFaults({});
    const ref = await world.enqueue();
    const restore = await photograph(world);
    await submit(world.purchase(), ref);
    await world.comeHome(ref);
    const result = await world.storage.findResult(ref);
    await restore();
    await submit(world.purchase(), ref);
    await world.comeHome(ref);
    expect(await world.storage.findResult(ref)).toEqual(result);
    await expectAgreement(world, ref, succeededOnce);
  });

  test('also when the run that meets the intent dies before it records that', async () => {
    const ref = await orderWithForgottenSend();
    // The first commit after the loss looks like a first send; the second run meets the intent in S3.
    await expect(submit(dyingAt(world.purchase(), 'after', 'store.commit'), ref)).rejects.toThrow(ProcessDied);
    await world.setFaults({ submit429Rate: 1, ...notKnownYet });
    await submit(world.purchase(), ref);
    await world.setFaults({});
    expect(await submit(world.purchase(), ref)).toEqual({ kind: 'submitted' });
    await world.comeHome(ref);
    await expectAgreement(world, ref, succeededOnce);
  });

  test('and a conflict then does not prove a burnt id', async () => {
    const ref = await orderWithForgottenSend();
    await submit(world.purchase(), ref);
    await world.comeHome(ref);
    await expectAgreement(world, ref, succeededOnce);
  });

  test('also when S3 holds the intent of a send that never left beside that of a send that did', async () => {
    await world.setFaults({});
    const ref = await world.enqueue({ references: 2 });
    const silent = failingAfter(world.purchase(), 'archive.recordIntent', new Error('S3 did not answer'));
    await expect(submit(silent, ref)).rejects.toThrow('S3 did not answer');
    const restore = await photograph(world);
    expect(await submit(world.purchase(), ref)).toMatchObject({ kind: 'snooze', why: 'submission.intent-unsent' });
    expect(await submit(world.purchase(), ref)).toEqual({ kind: 'submitted' });
    await restore();
    // A refusal is not final: its send follows a forgotten one.
    await world.setFaults({ maxReferenceImages: 1, ...notKnownYet });
    expect(await submit(world.purchase(), ref)).toMatchObject({ kind: 'snooze', why: 'submission.intent-unsent' });
    expect(await submit(world.purchase(), ref)).toEqual({ kind: 'submitted' });
    expect(await world.billed(ref, 'refusal')).toBe(1);
    await world.setFaults({});
    await world.comeHome(ref);
    expect(await world.store.find(ref.generationId)).toMatchObject({
      status: 'succeeded',
      images: [{ status: 'succeeded', submissions: 1 }],
    });
    expect(await world.billed(ref, 'execution')).toBe(1);
  });

  const troubles: [PortCall, Error][] = [
    ['archive.recordIntent', new Error('S3 said that there is one, and could not be read')],
    ['store.adoptIntent', new Error('Redis is away again')],
  ];
  test.each(troubles)('also when %s fails in the run that meets the intent', async (call, trouble) => {
    const ref = await orderWithForgottenSend();
    await expect(submit(failingAt(world.purchase(), call, trouble), ref)).rejects.toThrow(trouble.message);
    expect(await submit(world.purchase(), ref)).toEqual({ kind: 'submitted' });
    await world.comeHome(ref);
    await expectAgreement(world, ref, succeededOnce);
  });

  test('also when the clock of the new Redis is behind that of the lost one', async () => {
    await world.setFaults({ submit429Rate: 1 });
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    await world.setFaults({});
    const restore = await photograph(world);
    // Sent by a Redis whose clock was an hour ahead: its time in the intent lies in the future of the next Redis.
    const { storage } = world;
    const ahead = world.purchase();
    await submit(
      {
        ...ahead,
        archive: {
          ...ahead.archive,
          recordIntent: (intent) => storage.recordIntent({ ...intent, firstSentAt: intent.firstSentAt + 3_600_000 }),
        },
      },
      ref,
    );
    await restore();
    await submit(world.purchase(), ref);
    await world.comeHome(ref);
    await expectAgreement(world, ref, succeededOnce);
  });

  test('and workers only look for it once the resend window, which began with the first send, is over', async () => {
    await world.setFaults({});
    const ref = await world.enqueue();
    const restore = await photograph(world);
    const sentAt = Date.now();
    await submit(world.purchase(), ref);
    await restore();
    const resendWindowMs = 400;
    await eventually(() => expect(Date.now() - sentAt).toBeGreaterThan(resendWindowMs + 200));
    const purchase = world.purchase({ timing: { resendWindowMs } });
    expect(await submit(purchase, ref)).toEqual({ kind: 'submitted' });
    expect(await world.billed(ref, 'submission')).toBe(1);
    expect(await world.settlements.queue.getJobState(jobIdOf(ref))).toBe('delayed');
    await world.comeHome(ref);
    await expectAgreement(world, ref, succeededOnce);
  });
});
