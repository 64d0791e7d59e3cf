import { createGenerationId, type SubmissionRef } from '@darkroom/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { settle, submit, type Purchase } from '../src/index.ts';
import { expectAgreement, ledgerOf } from './agreement.ts';
import { startPurchaseWorld, type PurchaseWorld } from './purchase-world.ts';

/** A retry beside the late image of the generation that it repeats. */
let world: PurchaseWorld;
beforeAll(async () => {
  world = await startPurchaseWorld();
});
afterAll(() => world.stop());

/** A process that buys each image once, and to which the provider reports a failed task, although it makes the image. */
function misled(): Purchase {
  const purchase = world.purchase({ maxSubmissions: 1 });
  const fault = { class: 'timeout', code: 'timeoutProvider', message: 'The provider did not respond in time.' } as const;
  return { ...purchase, provider: { ...purchase.provider, lookUp: () => Promise.resolve({ kind: 'failed', fault, facts: {} }) } };
}

/** Makes a generation that failed, while the provider still makes its image, and a retry of it. */
async function retried(): Promise<{ original: SubmissionRef; retry: SubmissionRef }> {
  await world.setFaults({ uploadLateRate: 1, uploadLateMs: 300 });
  const original = await world.enqueue();
  await submit(misled(), original);
  await settle(misled(), original);
  const view = await world.store.find(original.generationId);
  if (view?.status !== 'failed') throw new Error(`the original is "${view?.status}"`);
  const generationId = createGenerationId(Date.now());
  const { tenant, request } = view;
  const images = { retryOf: original.generationId, replaces: [0], of: original.generationId, indexes: [0], isAll: true };
  await world.store.retry({ generationId, tenant, request, imageNanoUsd: 20_000_000, ...images });
  return { original, retry: { generationId, index: 0, n: 1 } };
}

test('an image that comes home before the retry is sent is not bought again, and the money of the retry is given back', async () => {
  const { original, retry } = await retried();
  await world.uploaded(original);
  await world.comeHome(original);
  expect(await submit(world.purchase(), retry)).toEqual({ kind: 'finished' });
  expect(await world.billed(retry, 'submission')).toBe(0);
  expect(await world.store.find(retry.generationId)).toMatchObject({
    status: 'failed',
    images: [{ fault: { code: 'retry.image-arrived' } }],
    reservedUsd: '0',
    costUsd: '0',
  });
  await expectAgreement(world, original, { status: 'failed', images: ['succeeded'], executions: 1, amended: true });
});

test('an image that comes home after the retry was sent is kept beside that of the retry, and both are paid for', async () => {
  const { original, retry } = await retried();
  await submit(world.purchase(), retry);
  await world.uploaded(original);
  await world.comeHome(original);
  await world.comeHome(retry);
  expect(await world.store.find(retry.generationId)).toMatchObject({ status: 'succeeded' });
  expect(await world.store.find(original.generationId)).toMatchObject({ images: [{ status: 'succeeded' }] });
  expect(await ledgerOf(world, original.generationId)).toEqual({ settled: 2 * 20_000_000, reserved: 0 });
});

test('a late image stops the retry also after a send of it was put aside, and S3 hears of its end', async () => {
  const { original, retry } = await retried();
  const purchase = world.purchase();
  const throttling: Purchase = {
    ...purchase,
    provider: {
      ...purchase.provider,
      submit: () => Promise.resolve({ kind: 'throttled', fault: { class: 'throttle', code: 'x', message: '' } } as never),
    }, // a refusal that a later send mends
  };
  expect(await submit(throttling, retry)).toMatchObject({ kind: 'snooze' });
  await world.uploaded(original);
  await world.comeHome(original);
  expect(await submit(world.purchase(), retry)).toEqual({ kind: 'finished' });
  expect(await world.storage.findResult(retry)).toMatchObject({ status: 'failed', fault: { code: 'retry.image-arrived' } });
  expect(await world.billed(retry, 'submission')).toBe(0);
});
