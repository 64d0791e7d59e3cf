import { photograph } from '@darkroom/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { submit } from '../src/index.ts';
import { expectAgreement, type Agreed } from './agreement.ts';
import { failingAt, freezingAt } from './interruptions.ts';
import { notKnownYet, startPurchaseWorld, type PurchaseWorld } from './purchase-world.ts';

/**
 * Stories of a second send that Redis forgets: a run stands still for longer than its lock, and another run sends in its place. The end of
 * the first run proves nothing about the second send. Each story runs without the comparison, which would find the send as well.
 */
let world: PurchaseWorld;
beforeAll(async () => {
  world = await startPurchaseWorld();
});
afterAll(() => world.stop());

const succeededOnce: Agreed = { status: 'succeeded', images: ['succeeded'], executions: 1 };
/** A provider that may answer the same for a running task and for an unknown one. */
const hidesRunning = { pollHidesRunning: true, detailsHideRunning: true };

/** Runs a story until Redis has forgotten the second send, and the first run goes on. */
async function forgetSecondSend({
  stands,
  faults,
}: {
  stands: 'before the post' | 'before its settlement is parked';
  faults: Readonly<Record<string, unknown>>;
}) {
  await world.setFaults({});
  const ref = await world.enqueue({ references: 2 });
  const clock = { stoodStillMs: 0 };
  const first =
    stands === 'before the post'
      ? freezingAt(world.purchase({ clock }), 'before', 'provider.submit')
      : freezingAt(failingAt(world.purchase({ clock }), 'waits.park', new Error('Redis is away')), 'before', 'waits.park');
  const run = submit(first.purchase, ref).catch((error: unknown) => error);
  await first.stands;
  const goBack = await photograph(world);
  await world.setFaults(faults);
  expect(await submit(world.purchase(), ref)).toEqual({ kind: 'submitted' });
  if (!('executionMs' in faults)) await world.executed(ref);
  await goBack();
  await world.restarted();
  return {
    ref,
    goOn: () => {
      first.thaw();
      return run;
    },
  };
}

test('the first was refused for its rate: the conflict that follows does not prove a burnt id', async () => {
  const { ref, goOn } = await forgetSecondSend({ stands: 'before the post', faults: { executionMs: [2000, 2000], ...hidesRunning } });
  await world.setFaults({ submit429Rate: 1, ...hidesRunning });
  await goOn();
  await world.setFaults(hidesRunning);
  expect(await submit(world.purchase(), ref)).toEqual({ kind: 'submitted' });
  expect(await world.store.beginSettlement(ref)).toMatchObject({ conflict: 'unprovable' });
  await world.comeHome(ref);
  await expectAgreement(world, ref, succeededOnce);
});

test('the first never left: the provider is asked before the next send', async () => {
  const { ref, goOn } = await forgetSecondSend({
    stands: 'before its settlement is parked',
    faults: { replay: 'conflict-while-running' },
  });
  await goOn();
  expect(await submit(world.purchase(), ref)).toEqual({ kind: 'submitted' });
  expect(await world.billed(ref, 'submission')).toBe(1);
  await world.comeHome(ref);
  await expectAgreement(world, ref, succeededOnce);
});

test('the first is refused finally: its refusal ends nothing', async () => {
  const { ref, goOn } = await forgetSecondSend({ stands: 'before the post', faults: {} });
  await world.setFaults({ maxReferenceImages: 1, ...notKnownYet });
  await goOn();
  expect(await world.store.find(ref.generationId)).toMatchObject({ status: 'running' });
  await world.setFaults({});
  await submit(world.purchase(), ref);
  await world.comeHome(ref);
  await expectAgreement(world, ref, succeededOnce);
});

test.each([
  ['Redis forgot that it was replaced', true],
  ['Redis knows that it was replaced', false],
])('the first stood still before it sent, and sends nothing: %s', async (_, isForgotten) => {
  await world.setFaults({ replay: 'conflict-while-running' });
  const ref = await world.enqueue();
  const clock = { stoodStillMs: 0 };
  const first = freezingAt(world.purchase({ clock }), 'after', 'waits.park');
  const run = submit(first.purchase, ref);
  await first.stands;
  const goBack = await photograph(world);
  await submit(world.purchase(), ref);
  await world.executed(ref);
  if (isForgotten) {
    await goBack();
    await world.restarted();
  }
  clock.stoodStillMs = 20_000;
  first.thaw();
  await run;
  expect(await world.billed(ref, 'submission')).toBe(1);
  await submit(world.purchase(), ref);
  await world.comeHome(ref);
  await expectAgreement(world, ref, succeededOnce);
});
