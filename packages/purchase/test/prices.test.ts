import { afterAll, beforeAll, expect, test } from 'vitest';
import { submit } from '../src/index.ts';
import { expectAgreement } from './agreement.ts';
import { startPurchaseWorld, type PurchaseWorld } from './purchase-world.ts';

/** The provider's price is the cost of an image; the expected price is kept beside it. */
let world: PurchaseWorld;
beforeAll(async () => {
  world = await startPurchaseWorld();
});
afterAll(() => world.stop());

async function buyOne(faults: Readonly<Record<string, unknown>>) {
  await world.setFaults(faults);
  const ref = await world.enqueue();
  await submit(world.purchase(), ref);
  await world.comeHome(ref);
  await expectAgreement(world, ref, { status: 'succeeded', images: ['succeeded'], executions: 1 });
  const ofTenant = (await world.store.readSpend(ref.generationId)).find(({ name }) => name.startsWith('tenant:'));
  return { ofTenant, warnings: world.warnings.filter(({ ref: of }) => JSON.stringify(of) === JSON.stringify(ref)) };
}

test('a price above its hold is booked as charged, with a warning', async () => {
  const { ofTenant, warnings } = await buyOne({ cost: 'surcharged' });
  expect(ofTenant).toMatchObject({ settledNanoUsd: 30_000_000, expectedNanoUsd: 20_000_000, reportedNanoUsd: 30_000_000, differing: 1 });
  expect(warnings).toMatchObject([{ event: 'submission.dearer-than-held', costUsd: '0.03', heldUsd: '0.02' }]);
});

test('a price that is not reported is booked as expected, and counted', async () => {
  const { ofTenant, warnings } = await buyOne({ cost: 'absent' });
  expect(ofTenant).toMatchObject({
    settledNanoUsd: 20_000_000,
    expectedNanoUsd: 20_000_000,
    reportedNanoUsd: 0,
    unreported: 1,
    differing: 0,
  });
  expect(warnings).toEqual([]);
});

test('an expected price leaves no trace', async () => {
  const { ofTenant, warnings } = await buyOne({ cost: 'quoted' });
  expect(ofTenant).toMatchObject({ settledNanoUsd: 20_000_000, reportedNanoUsd: 20_000_000, unreported: 0, differing: 0 });
  expect(warnings).toEqual([]);
});
