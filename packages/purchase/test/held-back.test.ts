import { defaultTiming } from '@darkroom/contracts';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { submit } from '../src/index.ts';
import { expectAgreement } from './agreement.ts';
import { startPurchaseWorld, type PurchaseWorld } from './purchase-world.ts';

/** A submission that may not be bought yet waits: no worker fails it, and nothing of it reaches the provider. */
let world: PurchaseWorld;
const cap = (nanoUsd: number): Promise<void> => world.store.setCaps({ allPerDay: nanoUsd });
const PLENTY = 1_000_000_000_000;
beforeAll(async () => {
  world = await startPurchaseWorld();
});
beforeEach(() => world.setFaults({}));
afterAll(() => world.stop());

test('under a reached cap a submission looks again within a minute, and is bought once the cap is raised', async () => {
  await cap(PLENTY);
  const ref = await world.enqueue();
  await cap(1);
  const outcome = await submit(world.purchase(), ref);
  expect(outcome).toMatchObject({ kind: 'snooze', why: 'cap' });
  expect(outcome.kind === 'snooze' && outcome.delayMs).toBeLessThanOrEqual(defaultTiming.maxTroubleMs);
  expect(await world.store.find(ref.generationId)).toMatchObject({ status: 'queued', reservedUsd: '0' });
  expect(await world.billed(ref, 'submission')).toBe(0);
  await cap(PLENTY);
  expect(await submit(world.purchase(), ref)).toEqual({ kind: 'submitted' });
  await world.comeHome(ref);
  await expectAgreement(world, ref, { status: 'succeeded', images: ['succeeded'], executions: 1 });
});

test('no wait for a cap lasts beyond the end of its period', async () => {
  await cap(PLENTY);
  const ref = await world.enqueue();
  await cap(1);
  const longerThanADay = 100 * 86_400_000;
  const outcome = await submit(world.purchase({ timing: { maxTroubleMs: longerThanADay } }), ref);
  expect(outcome.kind === 'snooze' && outcome.delayMs).toBeLessThanOrEqual(86_400_000);
});

test('a job that comes before the time of its generation waits for that time', async () => {
  await cap(PLENTY);
  const ref = await world.enqueue({ runInMs: 7 * 86_400_000 });
  const outcome = await submit(world.purchase(), ref);
  expect(outcome).toMatchObject({ kind: 'snooze', why: 'scheduled' });
  const { delayMs = 0 } = outcome.kind === 'snooze' ? outcome : {};
  expect(delayMs).toBeLessThanOrEqual(7 * 86_400_000);
  expect(delayMs).toBeGreaterThan(7 * 86_400_000 - 60_000);
  expect(await world.billed(ref, 'submission')).toBe(0);
});
