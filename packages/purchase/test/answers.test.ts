import { jobIdOf } from '@darkroom/queues';
import { eventually, freePort } from '@darkroom/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { settle, submit } from '../src/index.ts';
import { expectAgreement, ledgerOf, type Agreed } from './agreement.ts';
import { dyingAt, failingAfter, ProcessDied } from './interruptions.ts';
import { startPurchaseWorld, type PurchaseWorld } from './purchase-world.ts';

/** Step 6: the provider's answer decides, together with the outcome of earlier sends. */
let world: PurchaseWorld;
beforeAll(async () => {
  world = await startPurchaseWorld();
});
afterAll(() => world.stop());

const succeededOnce: Agreed = { status: 'succeeded', images: ['succeeded'], executions: 1 };
const held = { settled: 0, reserved: 20_000_000 };

describe('a refusal for another reason than the request uses nothing up', () => {
  const refusals = [
    { name: '429', faults: { submit429Rate: 1 }, outcome: 'snooze' },
    { name: '429 inside a 200', faults: { submitErrorsIn200Rate: 1 }, outcome: 'snooze' },
    { name: '401', faults: { submit401Rate: 1 }, outcome: 'release' },
    { name: '402', faults: { submit402Rate: 1 }, outcome: 'release' },
    { name: '403', faults: { submit403Rate: 1 }, outcome: 'release' },
  ];
  test.each(refusals)(
    '$name: the submission is planned again, keeps its hold, and the next send buys it once',
    async ({ faults, outcome }) => {
      await world.setFaults(faults);
      const ref = await world.enqueue();
      expect((await submit(world.purchase(), ref)).kind).toBe(outcome);
      expect((await world.store.find(ref.generationId))?.images[0]?.submissionStatus).toBe('planned');
      expect(await ledgerOf(world, ref.generationId)).toEqual(held);
      await world.setFaults({});
      expect(await submit(world.purchase(), ref)).toEqual({ kind: 'submitted' });
      await world.comeHome(ref);
      await expectAgreement(world, ref, succeededOnce);
    },
  );

  test('waits for as long as the provider asks', async () => {
    await world.setFaults({ submit429Rate: 1, submit429RetryAfterSeconds: 7 });
    const ref = await world.enqueue();
    expect(await submit(world.purchase(), ref)).toMatchObject({ kind: 'snooze', delayMs: 7000 });
  });

  test('a provider that cannot be reached counts as not sent', async () => {
    await world.setFaults({});
    const ref = await world.enqueue();
    const nowhere = world.purchase({ providerUrl: `http://127.0.0.1:${await freePort()}/v1` });
    expect(await submit(nowhere, ref)).toMatchObject({ kind: 'snooze', why: 'provider.not-sent' });
    expect(await ledgerOf(world, ref.generationId)).toEqual(held);
    await submit(world.purchase(), ref);
    await world.comeHome(ref);
    await expectAgreement(world, ref, succeededOnce);
  });
});

describe('after an answer that proves nothing the settlement looks, and the same id is sent again', () => {
  const doubts = {
    'a reset before the task was accepted': { submitResetBeforeRate: 1 },
    'a reset after the task was accepted': { submitResetAfterRate: 1 },
    '500, not taken': { submit500Rate: 1 },
    '503, not taken': { submit503Rate: 1 },
    '504, taken': { submit504Rate: 1, submit5xxAcceptedRate: 1 },
    'a page of HTML instead of an acknowledgement': { submitNotJsonRate: 1 },
    'an empty acknowledgement': { submitEmptyAckRate: 1 },
  };
  test.each(Object.entries(doubts))('%s', async (_, faults) => {
    await world.setFaults(faults);
    const ref = await world.enqueue();
    expect((await submit(world.purchase(), ref)).kind).toMatch(/submitted|throttle/);
    await world.setFaults({});
    await submit(world.purchase(), ref);
    await world.comeHome(ref);
    await expectAgreement(world, ref, succeededOnce);
  });

  test('the settlement repeats a send that never arrived, ahead of a backlog in which its resend window would close', async () => {
    await world.setFaults({ submitResetBeforeRate: 1 });
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    await world.setFaults({});
    await world.submissions.add([await world.enqueue(), await world.enqueue()]);
    expect(await settle(world.purchase(), ref)).toMatchObject({ kind: 'snooze', why: 'inconclusive' });
    const [next] = await world.submissions.queue.getWaiting(0, 0);
    expect(next?.id).toBe(jobIdOf(ref));
  });
});

describe('an answer that is not whole proves nothing', () => {
  const LIMIT_MS = 300;
  const timed = async <Value>(run: Promise<Value>): Promise<Value> => {
    const startedAt = performance.now();
    const value = await run;
    expect(performance.now() - startedAt, 'milliseconds of two requests').toBeLessThan(2 * LIMIT_MS + 1000);
    return value;
  };

  test.each(['truncated', 'cut', 'cut-chunked', 'endless'])(
    '%s: each request ends in time, and the task is bought once',
    async (brokenBody) => {
      const purchase = () => world.purchase({ requestTimeoutMs: LIMIT_MS, timing: { uploadWindowMs: 0 } });
      const taken = { replay: 'conflict-while-running', uploadNeverRate: 1, webhookDropRate: 1, brokenBody };
      await world.setFaults({ ...taken, submitBrokenRate: 1 });
      const ref = await world.enqueue();
      expect(await timed(submit(purchase(), ref))).toEqual({ kind: 'submitted' });
      await world.executed(ref);
      // Without an answer to its questions no run sends again, although the provider would take the id.
      await world.setFaults({ ...taken, pollBrokenRate: 1 });
      expect(await timed(submit(purchase(), ref))).toEqual({ kind: 'submitted' });
      await world.due(ref);
      expect(await timed(settle(purchase(), ref))).toMatchObject({ kind: 'snooze', why: 'inconclusive' });
      expect(await world.store.find(ref.generationId)).toMatchObject({ status: 'running', images: [{ status: 'open' }] });
      expect(await world.billed(ref, 'submission')).toBe(1);
      await world.setFaults(taken);
      await world.comeHome(ref, purchase());
      await expectAgreement(world, ref, succeededOnce);
    },
  );

  test('not even the refusal that it began with', async () => {
    await world.setFaults({ maxReferenceImages: 1, submitBrokenRate: 1 });
    const ref = await world.enqueue({ references: 2 });
    expect(await submit(world.purchase(), ref)).toEqual({ kind: 'submitted' });
    expect(await world.billed(ref, 'refusal')).toBe(1);
    expect((await world.store.beginSettlement(ref))?.status).toBe('committed');
    expect(await ledgerOf(world, ref.generationId)).toEqual({ settled: 0, reserved: 24_000_000 });
  });
});

test('while S3 is away no resend window runs, because nothing was sent', async () => {
  await world.setFaults({});
  const ref = await world.enqueue();
  const purchase = world.purchase({ timing: { resendWindowMs: 1000 } });
  const withoutS3 = { ...purchase, archive: { ...purchase.archive, presignUpload: () => Promise.reject(new Error('S3 is away')) } };
  await expect(submit(withoutS3, ref)).rejects.toThrow('S3 is away');
  const failedAt = Date.now();
  await eventually(() => expect(Date.now() - failedAt, 'the length of the outage').toBeGreaterThan(1000));
  expect(await submit(purchase, ref)).toEqual({ kind: 'submitted' });
  await world.comeHome(ref);
  await expectAgreement(world, ref, succeededOnce);
});

test('an intent that S3 kept without an answer starts no resend window', async () => {
  await world.setFaults({});
  const ref = await world.enqueue();
  const purchase = world.purchase({ timing: { resendWindowMs: 1000 } });
  const withSlowS3 = failingAfter(purchase, 'archive.recordIntent', new Error('S3 did not answer'));
  for (let tries = 1; tries <= 3; tries += 1) await expect(submit(withSlowS3, ref)).rejects.toThrow('S3 did not answer');
  const failedAt = Date.now();
  await eventually(() => expect(Date.now() - failedAt, 'the length of the outage').toBeGreaterThan(1000));
  expect(await submit(purchase, ref)).toMatchObject({ kind: 'snooze', why: 'submission.intent-unsent' });
  expect(await submit(purchase, ref)).toEqual({ kind: 'submitted' });
  await world.comeHome(ref);
  await expectAgreement(world, ref, succeededOnce);
});

test('a process that dies beside such an intent leaves a submission that the next run sends', async () => {
  await world.setFaults({});
  const ref = await world.enqueue();
  const purchase = world.purchase();
  const silent = failingAfter(purchase, 'archive.recordIntent', new Error('S3 did not answer'));
  await expect(submit(silent, ref)).rejects.toThrow('S3 did not answer');
  await expect(submit(dyingAt(purchase, 'after', 'store.commit'), ref)).rejects.toThrow(ProcessDied);
  // This run repeats the send of the dead process, under its own intent.
  expect(await submit(purchase, ref)).toEqual({ kind: 'submitted' });
  await world.comeHome(ref);
  await expectAgreement(world, ref, succeededOnce);
});

test('a run that stops before its request leaves uses nothing up', async () => {
  await world.setFaults({});
  const ref = await world.enqueue();
  expect(await submit(world.purchase(), ref, AbortSignal.abort())).toEqual({ kind: 'release' });
  expect(await world.billed(ref, 'submission')).toBe(0);
  await submit(world.purchase(), ref);
  await world.comeHome(ref);
  await expectAgreement(world, ref, succeededOnce);
});
