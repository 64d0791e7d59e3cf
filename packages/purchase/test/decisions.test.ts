import type { SubmissionRef } from '@darkroom/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decideOutcome, settle, submit } from '../src/index.ts';
import { expectAgreement, ledgerOf } from './agreement.ts';
import { startPurchaseWorld, type PurchaseWorld } from './purchase-world.ts';

/** An operator decides an outcome that the provider never reported. */
let world: PurchaseWorld;
beforeAll(async () => {
  world = await startPurchaseWorld();
});
afterAll(() => world.stop());

const IMAGE_NANO_USD = 20_000_000;
const partsOf = ({ store, storage }: PurchaseWorld) => ({ store, archive: storage });

/** Makes a submission that was sent, and of which nothing was heard until the horizon. */
async function becomeUnknown(faults: Readonly<Record<string, unknown>> = { submitResetBeforeRate: 1 }): Promise<SubmissionRef> {
  await world.setFaults(faults);
  const ref = await world.enqueue();
  await submit(world.purchase(), ref);
  await settle(world.purchase({ timing: { horizonMs: 0 } }), ref);
  expect((await world.store.find(ref.generationId))?.images[0]?.status).toBe('unknown');
  expect(await ledgerOf(world, ref.generationId)).toEqual({ settled: 0, reserved: IMAGE_NANO_USD });
  return ref;
}
const isListed = async (ref: SubmissionRef): Promise<boolean> =>
  (await world.store.readUnknown(1000)).oldest.some(({ ref: { generationId } }) => generationId === ref.generationId);

test('unknown submissions are listed with the money that they hold', async () => {
  const ref = await becomeUnknown();
  const { count, oldest } = await world.store.readUnknown(1000);
  expect(count).toBe(oldest.length);
  expect(oldest.at(-1)).toMatchObject({ ref, tenant: ref.generationId, heldNanoUsd: IMAGE_NANO_USD });
  expect(oldest.at(-1)?.since).toBeGreaterThan(Date.now() - 60_000);
});

test.each([
  { decision: 'charged', status: 'lost', ledger: { settled: IMAGE_NANO_USD, reserved: 0 } },
  { decision: 'free', status: 'failed', ledger: { settled: 0, reserved: 0 } },
] as const)('decided as $decision its hold ends, in S3 and in Redis, and it is not bought again', async ({ decision, status, ledger }) => {
  const ref = await becomeUnknown();
  expect(await decideOutcome(partsOf(world), ref, decision)).toEqual({ kind: 'decided', as: decision, isNew: true, reply: 'settled' });
  expect(await ledgerOf(world, ref.generationId)).toEqual(ledger);
  expect(await world.store.find(ref.generationId)).toMatchObject({
    status: 'failed',
    images: [{ status, submissions: 1, fault: { code: 'submission.written-off', message: `an operator decided that it was ${decision}` } }],
  });
  expect(await isListed(ref)).toBe(false);
  expect(await world.storage.findDecision(ref)).toMatchObject({ status, fault: { code: 'submission.written-off' } });
  expect((await world.storage.findResult(ref))?.status, 'the first record stays').toBe('unknown');
  expect(await world.redis.ttl(`${world.prefix}:generation:${ref.generationId}`), 'it is over').toBeGreaterThan(0);
});

test('after a death between S3 and Redis the operator may decide again, and the first decision stands', async () => {
  const ref = await becomeUnknown();
  const { store, archive } = partsOf(world);
  const died = { store: { ...store, settle: () => Promise.reject(new Error('died')) }, archive };
  await expect(decideOutcome(died, ref, 'free')).rejects.toThrow('died');
  expect(await decideOutcome(partsOf(world), ref, 'charged')).toEqual({ kind: 'decided', as: 'free', isNew: false, reply: 'settled' });
  expect(await ledgerOf(world, ref.generationId)).toEqual({ settled: 0, reserved: 0 });
});

test.each(['charged', 'free'] as const)(
  'an image that comes after the decision %s is kept, and its cost replaces the decision',
  async (decision) => {
    const ref = await becomeUnknown({ executionMs: [300, 300], cost: 'surcharged' });
    await decideOutcome(partsOf(world), ref, decision);
    await world.uploaded(ref);
    await world.comeHome(ref);
    await expectAgreement(world, ref, { status: 'failed', images: ['succeeded'], executions: 1, amended: true });
  },
);

test('an image that comes home during the decision wins', async () => {
  const ref = await becomeUnknown({ executionMs: [300, 300] });
  const { store, archive } = partsOf(world);
  const slow: typeof archive.recordDecision = async (decision) => {
    const recorded = await archive.recordDecision(decision);
    await world.uploaded(ref);
    await world.comeHome(ref);
    return recorded;
  };
  const decided = await decideOutcome({ store, archive: { ...archive, recordDecision: slow } }, ref, 'free');
  expect(decided).toEqual({ kind: 'decided', as: 'free', isNew: true, reply: 'refused-move' });
  await expectAgreement(world, ref, { status: 'failed', images: ['succeeded'], executions: 1, amended: true });
});

test('only a submission that both Redis and this bucket call unknown can be decided', async () => {
  await world.setFaults({});
  const planned = await world.enqueue();
  expect(await decideOutcome(partsOf(world), planned, 'free')).toEqual({
    kind: 'refused',
    status: 'planned',
    recorded: 'without a result',
  });
  const ref = await becomeUnknown();
  const { store, archive } = partsOf(world);
  const elsewhere = { ...archive, findResult: () => Promise.resolve(undefined) };
  expect(await decideOutcome({ store, archive: elsewhere }, ref, 'free')).toMatchObject({ kind: 'refused', status: 'unknown' });
  expect(await world.storage.findDecision(ref)).toBeUndefined();
  await decideOutcome(partsOf(world), ref, 'free');
  expect(await decideOutcome(partsOf(world), ref, 'free')).toEqual({ kind: 'refused', status: 'failed', recorded: 'unknown' });
});
