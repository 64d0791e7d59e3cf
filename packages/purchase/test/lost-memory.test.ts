import { intentKey } from '@darkroom/object-storage';
import { jobIdOf } from '@darkroom/queues';
import { eventually, photograph } from '@darkroom/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { settle, submit } from '../src/index.ts';
import { expectAgreement, type Agreed } from './agreement.ts';
import { dyingAt, failingAfter, failingAt, freezingAt, ProcessDied, type PortCall } from './interruptions.ts';
import { nextOf, notKnownYet, startPurchaseWorld, type PurchaseWorld } from './purchase-world.ts';

/** A Redis that lost its last second, by a failover or a crash, and knows nothing of what S3 and the provider know. */
let world: PurchaseWorld;
beforeAll(async () => {
  world = await startPurchaseWorld();
});
afterAll(() => world.stop());

const succeededOnce: Agreed = { status: 'succeeded', images: ['succeeded'], executions: 1 };

describe('a purchase that Redis forgot, and that was then given up before it could be sent again, comes home late', () => {
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

test('a purchase that Redis forgot, and whose first send lies ahead by a clock that went back since, is not sent again', async () => {
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

test('a send that Redis forgot before its intent was written does not leave: the comparison may have come before the intent', async () => {
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

test('an id that was old when it was enqueued is marked in S3 before its first intent, and no other', async () => {
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

describe('a purchase that Redis forgot goes on as a re-send', () => {
  test('when it was accepted', async () => {
    await world.setFaults({});
    const ref = await world.enqueue();
    const restore = await photograph(world);
    await submit(world.purchase(), ref);
    await restore();
    expect(await submit(world.purchase(), ref)).toEqual({ kind: 'submitted' });
    expect(await world.billed(ref, 'submission')).toBe(1);
    await world.comeHome(ref);
    await expectAgreement(world, ref, succeededOnce);
  });

  test('when it had come home', async () => {
    await world.setFaults({});
    const ref = await world.enqueue();
    const restore = await photograph(world);
    await submit(world.purchase(), ref);
    await world.comeHome(ref);
    const result = await world.storage.findResult(ref);
    await restore();
    await submit(world.purchase(), ref);
    await world.comeHome(ref);
    expect(await world.storage.findResult(ref)).toEqual(result);
    await expectAgreement(world, ref, succeededOnce);
  });

  test('also when the run that finds out dies before it can write it down', async () => {
    await world.setFaults({ submit429Rate: 1 });
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    await world.setFaults({});
    const restore = await photograph(world);
    await submit(world.purchase(), ref);
    await restore();
    // The first commit after the loss looks like a first send, and it is the second run that meets the intent in S3.
    await expect(submit(dyingAt(world.purchase(), 'after', 'store.commit'), ref)).rejects.toThrow(ProcessDied);
    await world.setFaults({ submit429Rate: 1, ...notKnownYet });
    await submit(world.purchase(), ref);
    await world.setFaults({});
    expect(await submit(world.purchase(), ref)).toEqual({ kind: 'submitted' });
    await world.comeHome(ref);
    await expectAgreement(world, ref, succeededOnce);
  });

  test('and a conflict is then no sign of an id that a refusal used up', async () => {
    await world.setFaults({ submit429Rate: 1 });
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    await world.setFaults({});
    const restore = await photograph(world);
    await submit(world.purchase(), ref);
    await restore();
    await submit(world.purchase(), ref);
    await world.comeHome(ref);
    await expectAgreement(world, ref, succeededOnce);
  });

  test('also when S3 keeps the intent of a send that never left, beside that of the one that did', async () => {
    await world.setFaults({});
    const ref = await world.enqueue({ references: 2 });
    const silent = failingAfter(world.purchase(), 'archive.recordIntent', new Error('S3 did not answer'));
    await expect(submit(silent, ref)).rejects.toThrow('S3 did not answer');
    const restore = await photograph(world);
    expect(await submit(world.purchase(), ref)).toMatchObject({ kind: 'snooze', why: 'submission.intent-unsent' });
    expect(await submit(world.purchase(), ref)).toEqual({ kind: 'submitted' });
    await restore();
    // A refusal is not final: it is of a send after one that was forgotten.
    await world.setFaults({ maxReferenceImages: 1, ...notKnownYet });
    expect(await submit(world.purchase(), ref)).toMatchObject({ kind: 'snooze', why: 'submission.intent-unsent' });
    expect(await submit(world.purchase(), ref)).toEqual({ kind: 'submitted' });
    expect(await world.billed(ref, 'refusal')).toBe(1);
    await world.setFaults({});
    await world.comeHome(ref);
    expect(await world.store.find(ref.generationId)).toMatchObject({
      status: 'succeeded',
      images: [{ status: 'succeeded', submissions: 1 }],
    });
    expect(await world.billed(ref, 'execution')).toBe(1);
  });

  const troubles: [PortCall, Error][] = [
    ['archive.recordIntent', new Error('S3 said that there is one, and could not be read')],
    ['store.adoptIntent', new Error('Redis is away again')],
  ];
  test.each(troubles)('also when the run that finds out is kept from it by trouble with %s', async (call, trouble) => {
    await world.setFaults({ submit429Rate: 1 });
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    await world.setFaults({});
    const restore = await photograph(world);
    await submit(world.purchase(), ref);
    await restore();
    await expect(submit(failingAt(world.purchase(), call, trouble), ref)).rejects.toThrow(trouble.message);
    expect(await submit(world.purchase(), ref)).toEqual({ kind: 'submitted' });
    await world.comeHome(ref);
    await expectAgreement(world, ref, succeededOnce);
  });

  test('also when the clock of the new Redis is behind the one that was lost', async () => {
    await world.setFaults({ submit429Rate: 1 });
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    await world.setFaults({});
    const restore = await photograph(world);
    // Sent by a Redis whose clock was an hour ahead: what it wrote into the intent lies in the future of the next one.
    const { storage } = world;
    const ahead = world.purchase();
    await submit(
      {
        ...ahead,
        archive: {
          ...ahead.archive,
          recordIntent: (intent) => storage.recordIntent({ ...intent, firstSentAt: intent.firstSentAt + 3_600_000 }),
        },
      },
      ref,
    );
    await restore();
    await submit(world.purchase(), ref);
    await world.comeHome(ref);
    await expectAgreement(world, ref, succeededOnce);
  });

  test('and is only looked for once the resend window, which began with the first send, has closed', async () => {
    await world.setFaults({});
    const ref = await world.enqueue();
    const restore = await photograph(world);
    const sentAt = Date.now();
    await submit(world.purchase(), ref);
    await restore();
    const resendWindowMs = 400;
    await eventually(() => expect(Date.now() - sentAt).toBeGreaterThan(resendWindowMs + 200));
    const purchase = world.purchase({ timing: { resendWindowMs } });
    expect(await submit(purchase, ref)).toEqual({ kind: 'submitted' });
    expect(await world.billed(ref, 'submission')).toBe(1);
    expect(await world.settlements.queue.getJobState(jobIdOf(ref))).toBe('delayed');
    await world.comeHome(ref);
    await expectAgreement(world, ref, succeededOnce);
  });
});

describe('what a run tells a Redis that has forgotten its send', () => {
  const answers: [string, Record<string, number>][] = [
    ['an acceptance', {}],
    ['nothing that is certain', { submitResetAfterRate: 1 }],
    ['a refusal for now', { submit429Rate: 1 }],
    ['a refusal for good', { maxReferenceImages: 1 }],
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

test('a refusal of a purchase that Redis forgot is not final', async () => {
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

test('a resubmission that Redis forgot is planned again under its old number, and bought once', async () => {
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

test('what came home late and was forgotten is not bought again', async () => {
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

test('nothing is bought while the store has no epoch, and what was bought before comes home', async () => {
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

test('a run for a generation of which Redis knows nothing ends without creating it', async () => {
  const ref = { ...(await world.enqueue()), generationId: '019ab0c0-0000-7000-8000-000000000000' };
  expect(await submit(world.purchase(), ref)).toEqual({ kind: 'finished' });
  expect(await settle(world.purchase(), ref)).toEqual({ kind: 'finished' });
  expect(await world.store.find(ref.generationId)).toBeUndefined();
  expect(await world.redis.keys(`${world.prefix}:submission:${ref.generationId}:*`)).toEqual([]);
});
