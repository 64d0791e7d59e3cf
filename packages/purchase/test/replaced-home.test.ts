import { createGenerationId } from '@darkroom/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { submit } from '../src/index.ts';
import { startPurchaseWorld, type PurchaseWorld } from './purchase-world.ts';

let world: PurchaseWorld;
beforeAll(async () => {
  world = await startPurchaseWorld();
});
afterAll(() => world.stop());

test('a retry is not bought if S3 knows that the replaced image came home, which Redis has forgotten', async () => {
  const original = await world.enqueue();
  const { generationId: of } = original;
  await world.store.cancel(of);
  const old = await world.store.find(of);
  if (old === undefined) throw new Error('the original is there');
  const generationId = createGenerationId(Date.now());
  const receipt = await world.store.retry({
    generationId,
    tenant: old.tenant,
    request: old.request,
    imageNanoUsd: 20_000_000,
    retryOf: of,
    replaces: [0],
    of,
    indexes: [0],
    isAll: true,
  });
  expect(receipt).toMatchObject({ kind: 'created' });
  // Told to S3 alone, as of a Redis that went back.
  await world.storage.recordAmendment({
    version: 1,
    ...original,
    taskUUID: old.images[0]?.taskUUID ?? '',
    status: 'succeeded',
    settledAt: Date.now(),
    costSource: 'expected',
    costNanoUsd: 20_000_000,
    reservation: { amountNanoUsd: 20_000_000, periods: ['all:day:2026-11-22'] },
  });
  const retried = { generationId, index: 0, n: 1 };
  expect(await submit(world.purchase(), retried)).toMatchObject({ kind: 'snooze', why: 'replaced' });
  expect(await world.storage.findIntent(retried, 0)).toBeUndefined();
  expect(await submit(world.purchase(), retried)).toEqual({ kind: 'finished' });
  expect(await world.store.find(generationId)).toMatchObject({ status: 'failed', images: [{ fault: { code: 'retry.image-arrived' } }] });
});
