import { defaultTiming, type SubmissionRef } from '@darkroom/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { submit, type Purchase } from '../src/index.ts';
import { expectAgreement, type Agreed } from './agreement.ts';
import { dyingAt, freezingAt, intercept, ProcessDied } from './interruptions.ts';
import { startPurchaseWorld, type PurchaseWorld } from './purchase-world.ts';

/** A submission that may have been sent is sent again only if the provider says that it does not have the task. */
let world: PurchaseWorld;
beforeAll(async () => {
  world = await startPurchaseWorld();
});
afterAll(() => world.stop());

const succeededOnce: Agreed = { status: 'succeeded', images: ['succeeded'], executions: 1 };
/** A provider that takes an id again as soon as its task is over, as Runware may: a second send is then a second purchase. */
const takesIdsAgain = { replay: 'conflict-while-running' };

/** A process that counts its questions. */
function counting(purchase: Purchase): { purchase: Purchase; questions: () => number } {
  let questions = 0;
  const counted = intercept(purchase, (name, call) => {
    if (name === 'provider.lookUp' || name === 'provider.lookUpDetails') questions += 1;
    return call();
  });
  return { purchase: counted, questions: () => questions };
}

async function expectSentOnce(ref: SubmissionRef): Promise<void> {
  expect(await world.billed(ref, 'submission'), 'sends').toBe(1);
  await world.comeHome(ref);
  await expectAgreement(world, ref, succeededOnce);
}

describe('a task that has ended is not sent again', () => {
  test('when its acknowledgement was lost', async () => {
    await world.setFaults({ ...takesIdsAgain, submitResetAfterRate: 1 });
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    await world.executed(ref);
    await world.setFaults(takesIdsAgain);
    expect(await submit(world.purchase(), ref)).toEqual({ kind: 'submitted' });
    expect((await world.store.beginSettlement(ref))?.status).toBe('accepted');
    await expectSentOnce(ref);
  });

  test('when the process that sent it died', async () => {
    await world.setFaults(takesIdsAgain);
    const ref = await world.enqueue();
    await expect(submit(dyingAt(world.purchase(), 'after', 'provider.submit'), ref)).rejects.toThrow(ProcessDied);
    await world.executed(ref);
    expect(await submit(world.purchase(), ref)).toEqual({ kind: 'submitted' });
    await expectSentOnce(ref);
  });

  test('when only the audit trail still knows it', async () => {
    await world.setFaults({ ...takesIdsAgain, submitResetAfterRate: 1 });
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    await world.executed(ref);
    await world.setFaults({ ...takesIdsAgain, pollForgetsAfterMs: 1 });
    expect(await submit(world.purchase(), ref)).toEqual({ kind: 'submitted' });
    await world.setFaults(takesIdsAgain);
    await expectSentOnce(ref);
  });

  test('when it failed: the settlement learns of the failure', async () => {
    await world.setFaults({ ...takesIdsAgain, submitResetAfterRate: 1, failContentPolicyRate: 1 });
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    await world.failed(ref);
    await world.setFaults(takesIdsAgain);
    expect(await submit(world.purchase(), ref)).toEqual({ kind: 'submitted' });
    await world.comeHome(ref);
    await expectAgreement(world, ref, { status: 'failed', images: ['failed'], executions: 0 });
  });

  test.each([
    ['after', 'waits.park'],
    // Redis has answered already, and the frozen process reads that answer after another run has sent and has its image.
    ['after', 'store.isNewestSend'],
  ] as const)('by a run that stood still %s %s while another run took its place', async (moment, call) => {
    await world.setFaults(takesIdsAgain);
    const ref = await world.enqueue();
    const clock = { stoodStillMs: 0 };
    const frozen = freezingAt(world.purchase({ clock }), moment, call);
    const run = submit(frozen.purchase, ref);
    await frozen.stands;
    await submit(world.purchase(), ref);
    await world.executed(ref);
    clock.stoodStillMs = defaultTiming.lockDurationMs;
    frozen.thaw();
    expect(await run).toEqual({ kind: 'submitted' });
    await expectSentOnce(ref);
  });

  test.each(['provider.lookUpDetails', 'store.isNewestSend'] as const)(
    'by a repetition that stood still after %s while the first request arrived late',
    async (call) => {
      await world.setFaults(takesIdsAgain);
      const ref = await world.enqueue();
      const first = freezingAt(world.purchase(), 'before', 'provider.submit');
      const running = submit(first.purchase, ref);
      await first.stands;
      const clock = { stoodStillMs: 0 };
      const second = freezingAt(world.purchase({ clock }), 'after', call);
      const repeating = submit(second.purchase, ref);
      await second.stands;
      first.thaw();
      await running;
      await world.executed(ref);
      clock.stoodStillMs = defaultTiming.lockDurationMs;
      second.thaw();
      expect(await repeating).toEqual({ kind: 'submitted' });
      await expectSentOnce(ref);
    },
  );
});

describe('a task that the provider says it does not have', () => {
  test('is sent again, after two questions', async () => {
    await world.setFaults({ ...takesIdsAgain, submitResetBeforeRate: 1 });
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    await world.setFaults(takesIdsAgain);
    const { purchase, questions } = counting(world.purchase());
    await submit(purchase, ref);
    expect(questions()).toBe(2);
    expect(await world.billed(ref, 'submission')).toBe(2);
    await world.comeHome(ref);
    await expectAgreement(world, ref, succeededOnce);
  });

  test('is sent again although the provider took seconds to say so', async () => {
    await world.setFaults({ ...takesIdsAgain, submitResetBeforeRate: 1 });
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    await world.setFaults(takesIdsAgain);
    const clock = { stoodStillMs: 0 };
    const slow = freezingAt(world.purchase({ clock }), 'after', 'provider.lookUpDetails');
    const repeating = submit(slow.purchase, ref);
    await slow.stands;
    clock.stoodStillMs = defaultTiming.lockDurationMs / 2;
    slow.thaw();
    await repeating;
    expect(await world.billed(ref, 'submission')).toBe(2);
    await world.comeHome(ref);
    await expectAgreement(world, ref, succeededOnce);
  });

  test('is sent only once the provider can say so', async () => {
    await world.setFaults({ submitResetBeforeRate: 1 });
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    for (const trouble of [
      { poll500Rate: 1 },
      { poll429Rate: 1 },
      { pollResetRate: 1 },
      { poll401Rate: 1, pollErrorNames: 'task' },
      { poll500Rate: 1, pollErrorNames: 'task' },
      { poll503Rate: 1, pollErrorNames: 'task' },
    ]) {
      await world.setFaults(trouble);
      expect(await submit(world.purchase(), ref), JSON.stringify(trouble)).toEqual({ kind: 'submitted' });
    }
    expect(await world.billed(ref, 'submission')).toBe(1);
    await world.setFaults({});
    await submit(world.purchase(), ref);
    await world.comeHome(ref);
    await expectAgreement(world, ref, succeededOnce);
  });

  test('is asked about no faster than the fleet may ask', async () => {
    await world.setFaults({ submitResetBeforeRate: 1 });
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    const purchase = world.purchase();
    const takePollTurn = async () => ({ kind: 'wait' as const, delayMs: 700 });
    const { purchase: waiting, questions } = counting({ ...purchase, store: { ...purchase.store, takePollTurn } });
    const intents = async () => (await world.storage.listRecordsOf(ref.generationId)).length;
    const before = await intents();
    for (let run = 0; run < 3; run += 1) expect(await submit(waiting, ref)).toEqual({ kind: 'snooze', delayMs: 700, why: 'poll-rate' });
    expect(questions()).toBe(0);
    // A run without a turn writes nothing.
    expect(await intents()).toBe(before);
    expect(await world.billed(ref, 'submission')).toBe(1);
    await world.setFaults({});
    expect(await submit(world.purchase(), ref)).toEqual({ kind: 'submitted' });
    await world.comeHome(ref);
    await expectAgreement(world, ref, succeededOnce);
  });
});

test('the first send is made without a question', async () => {
  await world.setFaults({});
  const ref = await world.enqueue();
  const { purchase, questions } = counting(world.purchase());
  expect(await submit(purchase, ref)).toEqual({ kind: 'submitted' });
  expect(questions()).toBe(0);
  await world.comeHome(ref);
  await expectAgreement(world, ref, succeededOnce);
});

test('a send after a refused one is made after two questions', async () => {
  await world.setFaults({ submit429Rate: 1 });
  const ref = await world.enqueue();
  await submit(world.purchase(), ref);
  await world.setFaults({});
  const { purchase, questions } = counting(world.purchase());
  expect(await submit(purchase, ref)).toEqual({ kind: 'submitted' });
  expect(questions()).toBe(2);
  await world.comeHome(ref);
  await expectAgreement(world, ref, succeededOnce);
});
