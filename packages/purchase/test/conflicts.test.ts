import { jobIdOf } from '@darkroom/queues';
import type { SubmissionRef } from '@darkroom/contracts';
import { photograph } from '@darkroom/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { settle, submit } from '../src/index.ts';
import { expectAgreement, type Agreed } from './agreement.ts';
import { dyingAt, failingAt, freezingAt, ProcessDied } from './interruptions.ts';
import { nextOf, notKnownYet, startPurchaseWorld, type PurchaseWorld } from './purchase-world.ts';

/** A conflict decides nothing by itself. The provider's later answers decide it by one rule (docs/guarantees.md). */
let world: PurchaseWorld;
beforeAll(async () => {
  world = await startPurchaseWorld();
});
afterAll(() => world.stop());

const succeededOnce: Agreed = { status: 'succeeded', images: ['succeeded'], executions: 1 };
/** A process without a limit on its looks; two questions about a conflict are a poll interval apart. */
const quick = () => world.purchase({ timing: { firstPollMs: 1, maxPollMs: 2, troubleMs: 1, maxTroubleMs: 2 } });
/** A provider whose refusals use up the id, and whose audit trail keeps them. */
const usesUpIds = { rejectionConsumesId: true, detailsKeepRefusals: true };
/** A provider that may answer the same for a running task and for an unknown one. */
const hidesRunning = { pollHidesRunning: true, detailsHideRunning: true };

/** Sends a submission once, lets the provider refuse it, and leaves the given switches on. */
async function refusedOnce(faults: Readonly<Record<string, unknown>>, ref?: SubmissionRef): Promise<SubmissionRef> {
  const first = ref ?? (await world.enqueue());
  await world.setFaults({ submit429Rate: 1, ...faults });
  await submit(quick(), first);
  await world.setFaults(faults);
  return first;
}

async function look(ref: SubmissionRef, times: number): Promise<unknown> {
  let outcome: unknown;
  for (let run = 0; run < times; run += 1) {
    outcome = await settle(quick(), ref);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return outcome;
}

const faultOf = async (ref: SubmissionRef): Promise<string | undefined> => (await world.storage.findResult(ref))?.fault?.code;

/** Expects an unproven conflict: the hold stays, no worker sends or buys again, and the submission is unknown at the horizon. */
async function expectUnproven(ref: SubmissionRef): Promise<void> {
  await look(ref, 4);
  const sent = await world.billed(ref, 'submission');
  expect(await submit(quick(), ref)).toEqual({ kind: 'finished' });
  expect(await world.billed(ref, 'submission'), 'sends').toBe(sent);
  expect(await world.store.find(ref.generationId)).toMatchObject({ status: 'running', images: [{ status: 'open', submissions: 1 }] });
  await settle(world.purchase({ timing: { horizonMs: 0 } }), ref);
  await expectAgreement(world, ref, { status: 'failed', images: ['unknown'], executions: 0, held: 1 });
}

describe('burnt: the id was used up by a refusal', () => {
  test('that the trail shows before the second send: the image is bought once, under the next number', async () => {
    const ref = await refusedOnce({ ...usesUpIds, detailsResponse: 'last-response' });
    expect(await submit(quick(), ref)).toEqual({ kind: 'submitted' });
    expect(await world.settlements.queue.getJobState(jobIdOf(ref))).toBe('delayed');
    // One look does not decide it yet.
    expect(await settle(quick(), ref)).toMatchObject({ kind: 'snooze', why: 'conflict' });
    await look(ref, 2);
    expect(await faultOf(ref)).toBe('provider.id-burnt');
    expect(await world.submissions.queue.getJobState(jobIdOf(nextOf(ref)))).toBe('delayed');
    await submit(world.purchase(), nextOf(ref));
    await world.comeHome(nextOf(ref));
    await expectAgreement(world, ref, succeededOnce);
  });

  test('that the trail shows only at the second question', async () => {
    const ref = await refusedOnce({ rejectionConsumesId: true });
    await submit(quick(), ref);
    await world.setFaults(usesUpIds);
    await look(ref, 3);
    expect(await faultOf(ref)).toBe('provider.id-burnt');
  });

  test('to a send whose process died before the answer', async () => {
    const ref = await world.enqueue();
    await world.setFaults({ ...usesUpIds, submit429Rate: 1 });
    await expect(submit(dyingAt(world.purchase(), 'after', 'provider.submit'), ref)).rejects.toThrow(ProcessDied);
    await world.setFaults({ ...usesUpIds, detailsResponse: 'last-response' });
    await submit(quick(), ref);
    await look(ref, 3);
    expect(await faultOf(ref)).toBe('provider.id-burnt');
  });

  test('counts as no failure of the image, however often it comes', async () => {
    const ref = await world.enqueue();
    for (const n of [1, 2, 3]) {
      await refusedOnce(usesUpIds, { ...ref, n });
      await submit(quick(), { ...ref, n });
      await look({ ...ref, n }, 3);
    }
    await world.setFaults({});
    await submit(world.purchase(), { ...ref, n: 4 });
    await world.comeHome({ ...ref, n: 4 });
    await expectAgreement(world, ref, succeededOnce);
  });

  test('beside a send that hung at S3 and then reports that it never left', async () => {
    await world.setFaults({ ...usesUpIds, submit429Rate: 1 });
    const ref = await world.enqueue();
    const hanging = freezingAt(failingAt(quick(), 'archive.recordIntent', new Error('S3 is away')), 'before', 'archive.recordIntent');
    const run = submit(hanging.purchase, ref).catch(String);
    await hanging.stands;
    await submit(quick(), ref);
    await world.setFaults({ ...usesUpIds, detailsResponse: 'last-response' });
    await submit(quick(), ref);
    expect(await look(ref, 3)).toMatchObject({ kind: 'snooze', why: 'conflict' });
    hanging.thaw();
    expect(await run).toBe('Error: S3 is away');
    await look(ref, 3);
    expect(await faultOf(ref)).toBe('provider.id-burnt');
  });

  test('the trail tells a conflict that was lost on the way', async () => {
    const trail = { ...usesUpIds, detailsResponse: 'last-response' };
    const ref = await refusedOnce(trail);
    await world.setFaults({ ...trail, submitResetAfterRate: 1 });
    await submit(quick(), ref);
    await world.setFaults(trail);
    await submit(quick(), ref);
    expect(await world.billed(ref, 'submission')).toBe(2);
    await look(ref, 3);
    expect(await faultOf(ref)).toBe('provider.id-burnt');
  });

  test('although Redis restarted after the conflict, or several workers compared it', async () => {
    const ref = await refusedOnce(usesUpIds);
    await world.store.confirmComparison(await world.store.readServerRun());
    await submit(quick(), ref);
    await world.restarted();
    await look(ref, 3);
    expect(await faultOf(ref)).toBe('provider.id-burnt');
  });

  test('and the run after a process that died while deciding decides the same', async () => {
    const ref = await refusedOnce(usesUpIds);
    await submit(quick(), ref);
    await look(ref, 1);
    for (const call of ['store.recordLook', 'archive.recordResult', 'store.settle'] as const)
      await expect(settle(dyingAt(quick(), 'after', call), ref)).rejects.toThrow(ProcessDied);
    await look(ref, 3);
    await world.setFaults({});
    await submit(world.purchase(), nextOf(ref));
    await world.comeHome(nextOf(ref));
    await expectAgreement(world, ref, succeededOnce);
  });
});

describe('accepted: the provider has the task', () => {
  test('although it answered 429: no second send is made', async () => {
    const ref = await refusedOnce({ submit429AcceptedRate: 1 });
    expect(await submit(quick(), ref)).toEqual({ kind: 'submitted' });
    expect(await world.billed(ref, 'submission')).toBe(1);
    await world.comeHome(ref);
    await expectAgreement(world, ref, succeededOnce);
  });

  test('although it answered 429, and both questions hide the task while it runs', async () => {
    const ref = await refusedOnce({ submit429AcceptedRate: 1, executionMs: [1500, 1500], ...hidesRunning });
    expect(await submit(quick(), ref)).toEqual({ kind: 'submitted' });
    expect(await look(ref, 3)).toMatchObject({ kind: 'snooze', why: 'conflict' });
    await world.comeHome(ref, quick());
    await expectAgreement(world, ref, succeededOnce);
  });

  test('although its trail shows only the conflict', async () => {
    const lags = { ...notKnownYet, detailsResponse: 'last-response' };
    const ref = await refusedOnce({ submit429AcceptedRate: 1, webhookDropRate: 1, ...lags });
    await submit(quick(), ref);
    await look(ref, 3);
    await world.setFaults({ detailsResponse: 'last-response' });
    await world.comeHome(ref, quick());
    await expectAgreement(world, ref, succeededOnce);
  });

  test('once it has said that the task runs, whatever it says later', async () => {
    const ref = await refusedOnce({ submit429AcceptedRate: 1, executionMs: [2000, 2000], ...hidesRunning });
    await submit(quick(), ref);
    await world.setFaults({});
    expect(await settle(quick(), ref)).toMatchObject({ kind: 'snooze' });
    expect((await world.store.beginSettlement(ref))?.status).toBe('accepted');
    await world.setFaults(hidesRunning);
    expect(await look(ref, 2)).toMatchObject({ kind: 'snooze', why: 'inconclusive' });
    await world.comeHome(ref, quick());
    await expectAgreement(world, ref, succeededOnce);
  });

  test('from a send that stood still beside the refused one', async () => {
    await world.setFaults({});
    const ref = await world.enqueue();
    const frozen = freezingAt(quick(), 'before', 'provider.submit');
    const run = submit(frozen.purchase, ref);
    await frozen.stands;
    await refusedOnce({ detailsKeepRefusals: true, ...hidesRunning, executionMs: [300, 300] }, ref);
    frozen.thaw();
    await run;
    await submit(quick(), ref);
    await look(ref, 3);
    await world.comeHome(ref, quick());
    await expectAgreement(world, ref, succeededOnce);
  });
});

describe('unproven: the hold stays, and no worker sends or buys again', () => {
  test('when both questions know no task, however often they are asked', async () => {
    const ref = await refusedOnce({ rejectionConsumesId: true });
    await submit(quick(), ref);
    await expectUnproven(ref);
  });

  test('when two sends were refused and the trail shows one of them', async () => {
    const ref = await refusedOnce(usesUpIds);
    await refusedOnce(usesUpIds, ref);
    await submit(quick(), ref);
    await expectUnproven(ref);
  });

  test('when another send may have been accepted', async () => {
    await world.setFaults({ submitResetBeforeRate: 1 });
    const ref = await world.enqueue();
    await submit(quick(), ref);
    await refusedOnce(usesUpIds, ref);
    await submit(quick(), ref);
    await expectUnproven(ref);
  });

  test('when Redis restarted after the refusal and forgot it', async () => {
    await world.setFaults({ ...usesUpIds, submit429Rate: 1 });
    const ref = await world.enqueue();
    const frozen = freezingAt(quick(), 'after', 'provider.submit');
    const run = submit(frozen.purchase, ref);
    await frozen.stands;
    const restore = await photograph(world);
    frozen.thaw();
    await run;
    await restore();
    await world.restarted();
    await world.setFaults(usesUpIds);
    await submit(quick(), ref);
    await expectUnproven(ref);
  });

  test('when Redis restarted between the proof and the answer to the second send', async () => {
    const ref = await refusedOnce(usesUpIds);
    const frozen = freezingAt(quick(), 'after', 'provider.submit');
    const run = submit(frozen.purchase, ref);
    await frozen.stands;
    await world.restarted();
    frozen.thaw();
    await run;
    await expectUnproven(ref);
  });

  test('when S3 remembers a send that Redis forgot', async () => {
    const ref = await refusedOnce(usesUpIds);
    const restore = await photograph(world);
    await submit(quick(), ref);
    await restore();
    await submit(quick(), ref);
    await expectUnproven(ref);
  });

  test('while the questions fail', async () => {
    const ref = await refusedOnce(usesUpIds);
    await submit(quick(), ref);
    await world.setFaults({ ...usesUpIds, poll500Rate: 1 });
    await expectUnproven(ref);
  });
});

test('a conflict of the only send proves no acceptance, and an image that comes is kept', async () => {
  await world.setFaults({ executionMs: [200, 200], ...hidesRunning });
  const ref = await world.enqueue();
  // A proxy on the way sends it twice, and passes on the second answer.
  const { provider, ...rest } = quick();
  const doubled = {
    ...rest,
    provider: {
      ...provider,
      submit: async (...order: Parameters<typeof provider.submit>) => (await provider.submit(...order), provider.submit(...order)),
    },
  };
  expect(await submit(doubled, ref)).toEqual({ kind: 'submitted' });
  await look(ref, 3);
  await world.comeHome(ref, quick());
  await expectAgreement(world, ref, succeededOnce);
});
