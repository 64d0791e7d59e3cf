import { taskUuidOf, type SubmissionRef } from '@darkroom/contracts';
import { jobIdOf } from '@darkroom/queues';
import { eventually } from '@darkroom/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { settle, submit } from '../src/index.ts';
import { expectAgreement, ledgerOf, type Agreed } from './agreement.ts';
import { freezingAt } from './interruptions.ts';
import { imageOf, nextOf, notKnownYet, startPurchaseWorld, type PurchaseWorld } from './purchase-world.ts';

let world: PurchaseWorld;
beforeAll(async () => {
  world = await startPurchaseWorld();
});
afterAll(() => world.stop());

const succeededOnce: Agreed = { status: 'succeeded', images: ['succeeded'], executions: 1 };

/** Makes a generation whose first submission the provider has accepted and failed. */
async function failed(faults: Record<string, unknown> = { failProviderErrorRate: 1 }) {
  await world.setFaults(faults);
  const ref = await world.enqueue();
  await submit(world.purchase(), ref);
  await world.failed(ref);
  return ref;
}

describe('a proved failure of the provider', () => {
  const failures = { 'of the provider': { failProviderErrorRate: 1 }, 'of time': { failTimeoutProviderRate: 1 } };
  const tellings = [
    { pollErrorShape: 'errors' },
    { pollErrorShape: 'data-nested' },
    { pollErrorShape: 'data-flat' },
    { pollTerminal504Rate: 1 },
  ];
  for (const [name, faults] of Object.entries(failures)) {
    test.each(tellings)(`${name} leads to one more submission, held when it is sent (told as %o)`, async (telling) => {
      const ref = await failed({ ...faults, ...telling });
      expect(await settle(world.purchase(), ref)).toMatchObject({ kind: 'snooze', why: 'ended-without-image' });
      expect(await world.submissions.queue.getJobState(jobIdOf(nextOf(ref)))).toBe('delayed');
      expect(await ledgerOf(world, ref.generationId)).toEqual({ settled: 0, reserved: 0 });
      await world.setFaults({});
      await submit(world.purchase(), nextOf(ref));
      expect(await ledgerOf(world, ref.generationId)).toEqual({ settled: 0, reserved: 20_000_000 });
      await world.comeHome(nextOf(ref));
      await expectAgreement(world, ref, succeededOnce);
    });
  }

  test('is the end once the image has its maximum of submissions', async () => {
    const ref = await failed();
    await settle(world.purchase(), ref);
    await submit(world.purchase(), nextOf(ref));
    await world.failed(nextOf(ref));
    await settle(world.purchase(), nextOf(ref));
    const view = await expectAgreement(world, ref, { status: 'failed', images: ['failed'], executions: 0 });
    expect(view.images[0]).toMatchObject({ submissions: 2, fault: { code: 'provider.task-failed' } });
  });

  test('for its content is the end', async () => {
    const ref = await failed({ failContentPolicyRate: 1 });
    expect(await settle(world.purchase(), ref)).toMatchObject({ kind: 'snooze', why: 'ended-without-image' });
    const view = await expectAgreement(world, ref, { status: 'failed', images: ['failed'], executions: 0 });
    expect(view.images[0]).toMatchObject({ submissions: 1, fault: { code: 'provider.content-refused' } });
  });

  test('that two runs see at once plans one next submission', async () => {
    const ref = await failed();
    const runs = [1, 2, 3].map(() => freezingAt(world.purchase(), 'before', 'archive.recordResult'));
    const ends = runs.map(({ purchase }) => settle(purchase, ref));
    await Promise.all(runs.map(({ stands }) => stands));
    for (const { thaw } of runs) thaw();
    await Promise.all(ends);
    expect((await world.store.find(ref.generationId))?.images[0]?.submissions).toBe(2);
    expect(await ledgerOf(world, ref.generationId)).toEqual({ settled: 0, reserved: 0 });
  });

  describe('under a cap that is reached', () => {
    const cap = (nanoUsd: number): Promise<void> => world.store.setCaps({ allPerDay: nanoUsd });
    const PLENTY = 1_000_000_000_000;
    afterEach(() => cap(PLENTY));

    /** Makes a generation whose image failed and waits for money to be bought again. */
    async function waiting() {
      const ref = await failed();
      await cap(1);
      await settle(world.purchase(), ref);
      await world.setFaults({});
      expect(await submit(world.purchase(), nextOf(ref))).toMatchObject({ kind: 'snooze', why: 'cap' });
      expect(await world.store.find(ref.generationId)).toMatchObject({ status: 'running', images: [{ status: 'open', submissions: 2 }] });
      return ref;
    }

    test('waits, and is bought when there is room again', async () => {
      const ref = await waiting();
      await cap(PLENTY);
      expect(await submit(world.purchase(), nextOf(ref))).toEqual({ kind: 'submitted' });
      await world.comeHome(nextOf(ref));
      await expectAgreement(world, ref, succeededOnce);
    });

    test('is never bought if it was cancelled while it waited', async () => {
      const ref = await waiting();
      await world.store.cancel(ref.generationId);
      await cap(PLENTY);
      expect(await submit(world.purchase(), nextOf(ref))).toEqual({ kind: 'finished' });
      expect(await world.billed(nextOf(ref), 'submission')).toBe(0);
      await expectAgreement(world, ref, { status: 'cancelled', images: ['failed'], executions: 0 });
    });

    test('is never bought if its deadline passed while it waited', async () => {
      const ref = await waiting();
      await world.redis.hset(`${world.prefix}:generation:${ref.generationId}`, 'deadlineAt', Date.now());
      await cap(PLENTY);
      expect(await submit(world.purchase(), nextOf(ref))).toEqual({ kind: 'finished' });
      expect(await world.billed(nextOf(ref), 'submission')).toBe(0);
      await expectAgreement(world, ref, { status: 'expired', images: ['failed'], executions: 0 });
    });
  });

  test('is the end if the generation was cancelled meanwhile', async () => {
    const ref = await failed();
    await world.store.cancel(ref.generationId);
    await settle(world.purchase(), ref);
    const view = await expectAgreement(world, ref, { status: 'cancelled', images: ['failed'], executions: 0 });
    expect(view.images[0]?.submissions).toBe(1);
  });
});

describe('a failed question is no failure of the task', () => {
  const troubles = {
    '429 that names the task': { poll429Rate: 1 },
    '500 that names the task': { poll500Rate: 1 },
    'a reset': { pollResetRate: 1 },
  };
  test.each(Object.entries(troubles))('%s', async (_, faults) => {
    await world.setFaults({});
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    await world.setFaults({ ...faults, detailsResponse: 'null' });
    expect(await settle(world.purchase(), ref)).toMatchObject({ kind: 'snooze' });
    expect((await world.store.find(ref.generationId))?.images[0]).toMatchObject({ status: 'open', submissions: 1 });
    await world.setFaults({});
    await world.comeHome(ref);
    await expectAgreement(world, ref, succeededOnce);
  });

  test('a failure in the audit trail while the poll cannot be reached', async () => {
    const ref = await failed();
    await world.setFaults({ pollResetRate: 1 });
    expect(await settle(world.purchase(), ref)).toMatchObject({ kind: 'snooze', why: 'inconclusive' });
    expect((await world.store.find(ref.generationId))?.images[0]).toMatchObject({ status: 'open', submissions: 1 });
  });

  test('a failure that only the audit trail shows of an id that was sent twice may belong to the second send', async () => {
    await world.setFaults({ failProviderErrorRate: 1, submitResetAfterRate: 1 });
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    await world.failed(ref);
    await world.setFaults({ pollForgetsAfterMs: 1 });
    await submit(world.purchase(), ref);
    await eventually(async () => expect((await world.purchase().provider.lookUp(taskUuidOf(ref))).kind).toBe('inconclusive'));
    expect(await settle(world.purchase(), ref)).toMatchObject({ kind: 'snooze', why: 'inconclusive' });
    expect((await world.store.find(ref.generationId))?.images[0]).toMatchObject({ status: 'open', submissions: 1 });
  });

  test('a conflict that the audit trail shows after a refused re-send', async () => {
    const faults = { uploadNeverRate: 1, pollForgetsAfterMs: 1, detailsResponse: 'last-response' };
    await world.setFaults({ ...faults, submitResetAfterRate: 1 });
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    await world.setFaults({ ...faults, ...notKnownYet });
    await submit(world.purchase(), ref);
    expect(await world.billed(ref, 'refusal')).toBe(1);
    await world.setFaults(faults);
    await forgotten(ref);
    expect(await settle(world.purchase(), ref)).toMatchObject({ kind: 'snooze', why: 'conflict' });
    await world.setFaults({ uploadNeverRate: 1 });
    await world.comeHome(ref, world.purchase({ timing: { uploadWindowMs: 0, patienceMs: 0 } }));
    await expectAgreement(world, ref, succeededOnce);
  });

  test('when the poll has forgotten the task the audit trail decides', async () => {
    await world.setFaults({ uploadNeverRate: 1, pollForgetsAfterMs: 1 });
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    await forgotten(ref);
    await world.comeHome(ref, world.purchase({ timing: { uploadWindowMs: 0, patienceMs: 0 } }));
    await expectAgreement(world, ref, succeededOnce);
  });

  /** Waits until the poll no longer knows an executed task. */
  async function forgotten(ref: SubmissionRef): Promise<void> {
    await world.executed(ref);
    await eventually(async () => expect((await world.purchase().provider.lookUp(taskUuidOf(ref))).kind).toBe('inconclusive'));
  }
});

describe('the facts', () => {
  test('that never come: the image succeeds at the expected cost', async () => {
    await world.setFaults({ pollForgetsAfterMs: 1, detailsForgetAfterMs: 1 });
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    await world.uploaded(ref);
    expect(await settle(world.purchase(), ref)).toMatchObject({ kind: 'snooze', why: 'facts' });
    await world.comeHome(ref);
    await expectAgreement(world, ref, succeededOnce);
    expect(await world.storage.findResult(ref)).toMatchObject({ costSource: 'expected', costNanoUsd: 20_000_000 });
  });

  test('that came once are kept until the upload comes', async () => {
    await world.setFaults({ uploadLateRate: 1, uploadLateMs: 200 });
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    await world.executed(ref);
    expect(await settle(world.purchase(), ref)).toMatchObject({ kind: 'snooze', why: 'upload' });
    await world.setFaults({ pollForgetsAfterMs: 1, detailsForgetAfterMs: 1 });
    await world.comeHome(ref);
    const view = await expectAgreement(world, ref, succeededOnce);
    expect(view.images[0]?.seed).toBeGreaterThan(0);
    expect((await world.storage.findResult(ref))?.costSource).toBe('reported');
  });
});

test('one of three images fails: the generation is partial, and two are paid for', async () => {
  await world.setFaults({});
  const ref = await world.enqueue({ images: 3 });
  const images = [0, 1, 2].map((index) => imageOf(ref, index));
  await Promise.all(images.slice(0, 2).map((each) => submit(world.purchase(), each)));
  await world.setFaults({ failContentPolicyRate: 1 });
  await submit(world.purchase(), images[2]!);
  await Promise.all(images.map((each) => world.comeHome(each)));
  await expectAgreement(world, ref, { status: 'partial', images: ['succeeded', 'succeeded', 'failed'], executions: 2 });
});
