import { jobIdOf } from '@darkroom/queues';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { settle, submit } from '../src/index.ts';
import { expectAgreement, type Agreed } from './agreement.ts';
import { dyingAt, freezingAt, ProcessDied, type Moment, type PortCall } from './interruptions.ts';
import { startPurchaseWorld, type PurchaseWorld } from './purchase-world.ts';

const HOUR = 3_600_000;

let world: PurchaseWorld;
beforeAll(async () => {
  world = await startPurchaseWorld();
});
afterAll(() => world.stop());

const succeededOnce: Agreed = { status: 'succeeded', images: ['succeeded'], executions: 1 };

const stands: [Moment, PortCall][] = [
  ['before', 'store.commit'],
  ['after', 'store.commit'],
  ['after', 'archive.recordIntent'],
  ['after', 'waits.park'],
  ['before', 'provider.submit'],
  ['after', 'provider.submit'],
  ['after', 'store.recordVerdict'],
];

describe('a submit run that stood still while another run did all its work', () => {
  test.each(stands)('buys nothing, when it stood %s %s', async (moment, call) => {
    await world.setFaults({});
    const ref = await world.enqueue();
    const frozen = freezingAt(world.purchase(), moment, call);
    const run = submit(frozen.purchase, ref);
    await frozen.stands;
    await submit(world.purchase(), ref);
    await world.comeHome(ref);
    const before = await world.storage.findResult(ref);
    frozen.thaw();
    await run;
    expect(await world.storage.findResult(ref)).toEqual(before);
    await expectAgreement(world, ref, succeededOnce);
  });

  // Before `store.commit` nothing is decided; after `provider.submit` there is nothing left to refuse.
  test.each(stands.slice(1, 4))('sends nothing after the resend window, when it stood %s %s', async (moment, call) => {
    await world.setFaults({});
    const ref = await world.enqueue();
    const clock = { stoodStillMs: 0 };
    const frozen = freezingAt(world.purchase({ clock }), moment, call);
    const run = submit(frozen.purchase, ref);
    await frozen.stands;
    await submit(world.purchase(), ref);
    await world.comeHome(ref);
    clock.stoodStillMs = HOUR;
    frozen.thaw();
    expect(await run).toEqual({ kind: 'submitted' });
    expect(await world.billed(ref, 'submission')).toBe(1);
    await expectAgreement(world, ref, succeededOnce);
  });
});

test('a submit run that stood still, without another run, for longer than the resend window begins anew', async () => {
  await world.setFaults({});
  const ref = await world.enqueue();
  const clock = { stoodStillMs: 0 };
  const frozen = freezingAt(world.purchase({ clock }), 'after', 'waits.park');
  const run = submit(frozen.purchase, ref);
  await frozen.stands;
  clock.stoodStillMs = HOUR;
  frozen.thaw();
  expect(await run).toMatchObject({ kind: 'snooze' });
  expect(await world.billed(ref, 'submission')).toBe(0);
  await submit(world.purchase(), ref);
  await world.comeHome(ref);
  await expectAgreement(world, ref, succeededOnce);
});

test('a submission that may have been sent is not sent again after the resend window', async () => {
  await world.setFaults({ submitResetBeforeRate: 1 });
  const ref = await world.enqueue();
  expect(await submit(world.purchase(), ref)).toEqual({ kind: 'submitted' });
  await world.setFaults({});
  const late = world.purchase({ timing: { resendWindowMs: 0 } });
  expect(await settle(late, ref)).toMatchObject({ kind: 'snooze', why: 'inconclusive' });
  expect(await world.submissions.queue.getJob(jobIdOf(ref)), 'a job that would send it').toBeUndefined();
  // An operator retries the job by hand.
  expect(await submit(late, ref)).toEqual({ kind: 'submitted' });
  expect(await world.billed(ref, 'submission')).toBe(1);
  // The provider never reports an outcome: an operator decides, and until then the money stays on hold.
  expect(await settle(world.purchase({ timing: { horizonMs: 0 } }), ref)).toMatchObject({ kind: 'snooze', why: 'ended-without-image' });
  await expectAgreement(world, ref, { status: 'failed', images: ['unknown'], executions: 0, held: 1 });
});

describe('a settle run that stood still while another run brought the image home changes nothing', () => {
  const settleStands: [Moment, PortCall][] = [
    ['after', 'store.beginSettlement'],
    ['after', 'archive.readStaging'],
    ['before', 'archive.keepImage'],
    ['after', 'provider.lookUp'],
    ['before', 'archive.recordResult'],
    ['before', 'store.settle'],
  ];
  test.each(settleStands)('%s %s', async (moment, call) => {
    await world.setFaults({});
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    await world.uploaded(ref);
    const frozen = freezingAt(world.purchase(), moment, call);
    const run = settle(frozen.purchase, ref);
    await frozen.stands;
    await world.comeHome(ref);
    const before = await world.storage.findResult(ref);
    frozen.thaw();
    expect(await run).toEqual({ kind: 'finished' });
    expect(await world.storage.findResult(ref)).toEqual(before);
    await expectAgreement(world, ref, succeededOnce);
  });
});

test('two workers that run every job at once buy once', async () => {
  await world.setFaults({});
  const ref = await world.enqueue();
  await Promise.all([submit(world.purchase(), ref), submit(world.purchase(), ref), submit(world.purchase(), ref)]);
  await world.uploaded(ref);
  await Promise.all([settle(world.purchase(), ref), settle(world.purchase(), ref), settle(world.purchase(), ref)]);
  await expectAgreement(world, ref, succeededOnce);
});

test('an image that comes while the verdict "lost" stands still wins', async () => {
  await world.setFaults({ uploadLateRate: 1, uploadLateMs: 300, imageUrlGoneRate: 1 });
  const ref = await world.enqueue();
  await submit(world.purchase(), ref);
  await world.executed(ref);
  const frozen = freezingAt(world.purchase({ timing: { uploadWindowMs: 0, patienceMs: 0 } }), 'before', 'store.settle');
  const run = settle(frozen.purchase, ref);
  await frozen.stands;
  expect((await world.storage.findResult(ref))?.status).toBe('lost');
  await world.uploaded(ref);
  await world.comeHome(ref);
  frozen.thaw();
  await run;
  await expectAgreement(world, ref, succeededOnce);
});

test('a result of another run in S3 wins over what this run saw', async () => {
  await world.setFaults({ uploadLateRate: 1, uploadLateMs: 200, imageUrlGoneRate: 1 });
  const ref = await world.enqueue();
  await submit(world.purchase(), ref);
  await world.executed(ref);
  const frozen = freezingAt(world.purchase({ timing: { uploadWindowMs: 0, patienceMs: 0 } }), 'before', 'archive.recordResult');
  const run = settle(frozen.purchase, ref);
  await frozen.stands;
  await world.uploaded(ref);
  await expect(settle(dyingAt(world.purchase(), 'after', 'archive.recordResult'), ref)).rejects.toThrow(ProcessDied);
  frozen.thaw();
  await run;
  await expectAgreement(world, ref, succeededOnce);
});
