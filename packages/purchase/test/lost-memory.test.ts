import { intentKey } from '@darkroom/object-storage';
import { jobIdOf } from '@darkroom/queues';
import { photograph } from '@darkroom/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { settle, submit } from '../src/index.ts';
import { expectAgreement, type Agreed } from './agreement.ts';
import { dyingAt, freezingAt, ProcessDied } from './interruptions.ts';
import { nextOf, notKnownYet, startPurchaseWorld, type PurchaseWorld } from './purchase-world.ts';

/** A Redis that lost its last second in a failover or a crash, while S3 and the provider remember it. */
let world: PurchaseWorld;
beforeAll(async () => {
  world = await startPurchaseWorld();
});
afterAll(() => world.stop());

const succeededOnce: Agreed = { status: 'succeeded', images: ['succeeded'], executions: 1 };

describe('a purchase that Redis forgot comes home late although its generation was given up before a repeated send', () => {
  test.each(['cancelled', 'expired'] as const)('when the generation was %s', async (status) => {
    await world.setFaults({});
    const ref = await world.enqueue(status === 'expired' ? { deadlineInMs: 600 } : {});
    const restore = await photograph(world);
    await submit(world.purchase(), ref);
    await restore();
    if (status === 'cancelled') await world.store.cancel(ref.generationId);
    else await world.pastDeadline(ref);
    await submit(world.purchase(), ref);
    expect(await world.settlements.queue.getJobState(jobIdOf(ref))).toBe('delayed');
    await world.uploaded(ref);
    await world.comeHome(ref);
    expect(await world.store.find(ref.generationId)).toMatchObject({
      status,
      amended: true,
      costUsd: '0.02',
      images: [{ status: 'succeeded' }],
    });
    expect(await world.billed(ref, 'execution')).toBe(1);
  });
});

test('a forgotten purchase whose first send lies in the future, because a clock went back, is not sent again', async () => {
  await world.setFaults({ submitResetBeforeRate: 1 });
  const ref = await world.enqueue();
  const restore = await photograph(world);
  await submit(world.purchase(), ref);
  await restore();
  const intent = await world.storage.findIntent(ref, 0);
  if (intent === undefined) throw new Error('no intent was recorded');
  await world.writeObject(intentKey(ref, 0), JSON.stringify({ ...intent, firstSentAt: intent.firstSentAt + 3_600_000 }));
  await world.setFaults({});
  const before = await world.billed(ref, 'submission');
  await submit(world.purchase(), ref);
  expect(await world.billed(ref, 'submission')).toBe(before);
  expect(await world.settlements.queue.getJobState(jobIdOf(ref)), 'and it is looked for').toBe('delayed');
});

test('a send that Redis forgot before its intent was written does not leave, because the comparison may have come before the intent', async () => {
  await world.setFaults({});
  const ref = await world.enqueue();
  const restore = await photograph(world);
  const slow = freezingAt(world.purchase(), 'before', 'archive.recordIntent');
  const sending = submit(slow.purchase, ref);
  await slow.stands;
  await restore();
  await world.restarted();
  slow.thaw();
  await sending;
  expect(await world.billed(ref, 'submission')).toBe(0);
});

test('only an id that was old at its enqueue is marked in S3 before its first intent', async () => {
  await world.setFaults({});
  const [young, old] = [await world.enqueue(), await world.enqueue({ idAgeMs: 3_600_000 })];
  const marked = async () => {
    const ids: string[] = [];
    for await (const generationId of world.storage.listLateIds(0)) ids.push(generationId);
    return ids;
  };
  await submit(world.purchase(), young);
  expect(await marked()).toEqual([]);
  await expect(submit(dyingAt(world.purchase(), 'before', 'archive.recordIntent'), old)).rejects.toThrow(ProcessDied);
  expect(await marked()).toEqual([old.generationId]);
});

describe('a run reports to a Redis that has forgotten its send', () => {
  const answers: [string, Record<string, number>][] = [
    ['an acceptance', {}],
    ['an uncertain answer', { submitResetAfterRate: 1 }],
    ['a temporary refusal', { submit429Rate: 1 }],
    ['a final refusal', { maxReferenceImages: 1 }],
  ];
  test.each(answers)('%s', async (_, faults) => {
    await world.setFaults(faults);
    const ref = await world.enqueue({ references: 2 });
    const restore = await photograph(world);
    const frozen = freezingAt(world.purchase(), 'after', 'provider.submit');
    const run = submit(frozen.purchase, ref);
    await frozen.stands;
    await restore();
    frozen.thaw();
    await run;
    await world.setFaults({});
    await submit(world.purchase(), ref);
    expect(await world.settlements.queue.getJobState(jobIdOf(ref)), 'the settlement').toBe('delayed');
    await world.comeHome(ref);
    await expectAgreement(world, ref, succeededOnce);
  });
});

test('a refusal of a forgotten purchase is not final', async () => {
  await world.setFaults({});
  const ref = await world.enqueue({ references: 2 });
  const restore = await photograph(world);
  await submit(world.purchase(), ref);
  await restore();
  await world.setFaults({ maxReferenceImages: 1, ...notKnownYet });
  expect(await submit(world.purchase(), ref)).toEqual({ kind: 'submitted' });
  expect(await world.billed(ref, 'refusal')).toBe(1);
  await world.setFaults({});
  await world.comeHome(ref);
  await expectAgreement(world, ref, succeededOnce);
});

test('a forgotten resubmission is planned again under its old number, and bought once', async () => {
  await world.setFaults({ failProviderErrorRate: 1 });
  const ref = await world.enqueue();
  await submit(world.purchase(), ref);
  await world.failed(ref);
  const restore = await photograph(world);
  await settle(world.purchase(), ref);
  await world.setFaults({});
  await submit(world.purchase(), nextOf(ref));
  await restore();
  await world.comeHome(ref);
  await submit(world.purchase(), nextOf(ref));
  await world.comeHome(nextOf(ref));
  await expectAgreement(world, ref, succeededOnce);
});

test('a late image that Redis forgot is not bought again', async () => {
  await world.setFaults({ failProviderErrorRate: 1 });
  const ref = await world.enqueue();
  await submit(world.purchase(), ref);
  await world.failed(ref);
  const restore = await photograph(world);
  await settle(world.purchase(), ref);
  await world.upload(ref, await anImage());
  await world.comeHome(ref);
  await restore();
  await world.comeHome(ref);
  expect((await world.store.find(ref.generationId))?.images[0]).toMatchObject({ status: 'succeeded', submissions: 1 });

  async function anImage(): Promise<Uint8Array> {
    await world.setFaults({});
    const other = await world.enqueue();
    await submit(world.purchase(), other);
    return world.uploaded(other);
  }
});

test('without an epoch nothing is bought, and an image that was bought before comes home', async () => {
  await world.setFaults({});
  const bought = await world.enqueue();
  const waiting = await world.enqueue();
  await submit(world.purchase(), bought);
  await world.redis.del(`${world.prefix}:epoch`);
  expect(await submit(world.purchase(), waiting)).toMatchObject({ kind: 'throttle', why: 'not-initialised' });
  await world.comeHome(bought);
  await world.store.initialise('epoch-2');
  expect(await world.billed(waiting, 'submission')).toBe(0);
  await expectAgreement(world, bought, succeededOnce);
});

test('a run for a generation without an entry ends without creating one', async () => {
  const ref = { ...(await world.enqueue()), generationId: '019ab0c0-0000-7000-8000-000000000000' };
  expect(await submit(world.purchase(), ref)).toEqual({ kind: 'finished' });
  expect(await settle(world.purchase(), ref)).toEqual({ kind: 'finished' });
  expect(await world.store.find(ref.generationId)).toBeUndefined();
  expect(await world.redis.keys(`${world.prefix}:submission:${ref.generationId}:*`)).toEqual([]);
});
