import { taskUuidOf } from '@darkroom/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { settle, submit, type Outcome } from '../src/index.ts';
import { expectAgreement, type Agreed } from './agreement.ts';
import { startPurchaseWorld, type PurchaseWorld } from './purchase-world.ts';

/** I6: a delivery only wakes. Its content proves neither success nor failure, in whatever order deliveries come. */
let world: PurchaseWorld;
beforeAll(async () => {
  world = await startPurchaseWorld();
});
afterAll(() => world.stop());

const succeededOnce: Agreed = { status: 'succeeded', images: ['succeeded'], executions: 1 };

test('a settlement that a delivery wakes before the acknowledgement ends before the submit run', async () => {
  await world.setFaults({ webhookBeforeAckRate: 1, uploadBeforeWebhookRate: 1 });
  const ref = await world.enqueue();
  let woken: Outcome | undefined;
  world.webhooks.when(ref, async (body) => {
    await world.store.recordDelivery(ref, { body });
    woken = await settle(world.purchase(), ref);
  });
  expect(await submit(world.purchase(), ref)).toEqual({ kind: 'submitted' });
  expect(woken).toEqual({ kind: 'finished' });
  const view = await expectAgreement(world, ref, succeededOnce);
  expect(view.images[0]?.submissionStatus).toBe('succeeded');
});

describe('a false delivery changes nothing', () => {
  const bodies = {
    'an error of a permanent class': { errors: [{ code: 'contentPolicyViolation', message: 'no', status: 'error' }] },
    'an error of the provider': { errors: [{ code: 'timeoutProvider', message: 'late', status: 'error' }] },
    "a success with another task's address": {
      data: [{ status: 'success', imageUUID: 'other', imageURL: 'http://127.0.0.1:1/x.jpg' }],
    },
    nonsense: ['?'],
  };
  test.each(Object.entries(bodies))('%s', async (_, body) => {
    await world.setFaults({ uploadNeverRate: 1, executionMs: [50, 100] });
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    await world.store.recordDelivery(ref, {
      body: JSON.stringify(body).replaceAll('"status"', `"taskUUID":"${taskUuidOf(ref)}","status"`),
    });
    expect((await settle(world.purchase(), ref)).kind).toBe('snooze');
    expect((await world.store.find(ref.generationId))?.images[0]?.status).toBe('open');
    await world.comeHome(ref, world.purchase({ timing: { uploadWindowMs: 0, patienceMs: 0 } }));
    await expectAgreement(world, ref, succeededOnce);
  });

  test('an error about a task before its purchase does not prevent the purchase', async () => {
    await world.setFaults({ submitResetBeforeRate: 1 });
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    await world.store.recordDelivery(ref, { body: JSON.stringify({ errors: [{ taskUUID: taskUuidOf(ref), code: 'providerError' }] }) });
    await world.setFaults({});
    expect(await settle(world.purchase(), ref)).toMatchObject({ kind: 'snooze', why: 'inconclusive' });
    await submit(world.purchase(), ref);
    await world.comeHome(ref);
    await expectAgreement(world, ref, succeededOnce);
  });
});

test('a run that is put back names the newest delivery it knew, so that only a newer one wakes it', async () => {
  await world.setFaults({ uploadNeverRate: 1 });
  const ref = await world.enqueue();
  await submit(world.purchase(), ref);
  await world.executed(ref);
  const seen = async (): Promise<number | undefined> => {
    const outcome = await settle(world.purchase(), ref);
    return outcome.kind === 'snooze' ? outcome.seenDelivery : undefined;
  };
  expect(await seen()).toBe(0);
  await world.store.recordDelivery(ref, { body: 'one' });
  await world.store.recordDelivery(ref, { body: 'one' });
  expect(await seen()).toBe(1);
  await world.store.recordDelivery(ref, { body: 'two' });
  expect(await seen()).toBe(await world.store.newestDelivery(ref));
});

test('repeated deliveries for an image that is home change nothing', async () => {
  await world.setFaults({});
  const ref = await world.enqueue();
  await submit(world.purchase(), ref);
  await world.comeHome(ref);
  for (const body of ['one', 'two']) {
    await world.store.recordDelivery(ref, { body });
    expect(await settle(world.purchase(), ref)).toEqual({ kind: 'finished' });
  }
  await expectAgreement(world, ref, succeededOnce);
});

test('without any delivery the settlement finds everything by itself', async () => {
  await world.setFaults({ webhookDropRate: 1 });
  const ref = await world.enqueue();
  await submit(world.purchase(), ref);
  await world.comeHome(ref);
  expect(world.webhooks.bodiesOf(ref)).toEqual([]);
  await expectAgreement(world, ref, succeededOnce);
});
