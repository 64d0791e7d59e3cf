import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jobIdOf } from '@darkroom/queues';
import { eventually } from '@darkroom/testing';
import { settle, submit } from '../src/index.ts';
import { expectAgreement, type Agreed } from './agreement.ts';
import { dyingAt, freezingAt, ProcessDied, type Moment, type PortCall } from './interruptions.ts';
import { nextOf, startPurchaseWorld, type PurchaseWorld } from './purchase-world.ts';

let world: PurchaseWorld;
beforeAll(async () => {
  world = await startPurchaseWorld();
});
afterAll(() => world.stop());

const succeededOnce: Agreed = { status: 'succeeded', images: ['succeeded'], executions: 1 };

test('an undisturbed purchase is bought once, kept, recorded and settled', async () => {
  await world.setFaults({});
  const ref = await world.enqueue();
  expect(await submit(world.purchase(), ref)).toEqual({ kind: 'submitted' });
  await world.comeHome(ref);
  const view = await expectAgreement(world, ref, succeededOnce);
  expect((await world.storage.findResult(ref))?.image).toEqual(view.images[0]?.image);
});

test('before a request reaches the provider its submission is committed, its intent is in S3 and its settlement is parked', async () => {
  await world.setFaults({});
  const ref = await world.enqueue();
  const frozen = freezingAt(world.purchase(), 'before', 'provider.submit');
  const run = submit(frozen.purchase, ref);
  await frozen.stands;
  expect((await world.store.find(ref.generationId))?.images[0]?.submissionStatus).toBe('committed');
  expect(await world.storage.findIntent(ref, 0)).toMatchObject(ref);
  expect(await world.settlements.queue.getJobState(jobIdOf(ref))).toBe('delayed');
  frozen.thaw();
  await run;
  await world.comeHome(ref);
  await expectAgreement(world, ref, succeededOnce);
});

describe('a process that dies while it submits leaves a submission that the next run buys once', () => {
  const deaths: [Moment, PortCall][] = [
    ['after', 'store.commit'],
    ['before', 'archive.recordIntent'],
    ['after', 'archive.recordIntent'],
    ['after', 'waits.park'],
    ['before', 'provider.submit'],
    ['after', 'provider.submit'],
    ['after', 'store.recordVerdict'],
  ];
  test.each(deaths)('%s %s', async (moment, call) => {
    await world.setFaults({});
    const ref = await world.enqueue();
    await expect(submit(dyingAt(world.purchase(), moment, call), ref)).rejects.toThrow(ProcessDied);
    expect((await submit(world.purchase(), ref)).kind).toMatch(/submitted|finished/);
    await world.comeHome(ref);
    await expectAgreement(world, ref, succeededOnce);
  });

  test.each(deaths.slice(3))('%s %s, and only the settlement is left', async (moment, call) => {
    await world.setFaults({});
    const ref = await world.enqueue();
    await expect(submit(dyingAt(world.purchase(), moment, call), ref)).rejects.toThrow(ProcessDied);
    const outcome = await settle(world.purchase(), ref);
    // The settlement sends again what may not have left; it only looks for what surely has.
    if (await world.submissions.queue.getJob(jobIdOf(ref))) await submit(world.purchase(), ref);
    if (outcome.kind !== 'finished') await world.comeHome(ref);
    await expectAgreement(world, ref, succeededOnce);
  });
});

describe('a process that dies while it settles leaves an image that the next run brings home', () => {
  const deaths: [Moment, PortCall][] = [
    ['after', 'store.beginSettlement'],
    ['after', 'archive.readStaging'],
    ['after', 'archive.keepImage'],
    ['after', 'provider.lookUp'],
    ['before', 'archive.recordResult'],
    ['after', 'archive.recordResult'],
    ['after', 'store.settle'],
  ];
  for (const staging of ['as it was', 'overwritten', 'empty']) {
    test.each(deaths)(`%s %s, with staging ${staging}`, async (moment, call) => {
      await world.setFaults({});
      const ref = await world.enqueue();
      await submit(world.purchase(), ref);
      await world.uploaded(ref);
      await expect(settle(dyingAt(world.purchase(), moment, call), ref)).rejects.toThrow(ProcessDied);
      // A presigned PUT can be replayed, so staging proves nothing once the image was kept.
      const wasKept = (await world.storage.readImage(ref, 'JPG')).kind === 'found';
      if (staging !== 'as it was' && wasKept) await world.upload(ref, staging === 'empty' ? '' : 'something else');
      await world.comeHome(ref);
      await expectAgreement(world, ref, succeededOnce);
    });
  }
});

describe('a process that dies between a proved failure and the next submission loses neither', () => {
  const deaths: [Moment, PortCall][] = [
    ['after', 'provider.lookUp'],
    ['after', 'archive.recordResult'],
    ['after', 'store.settle'],
    ['before', 'waits.addSubmission'],
  ];
  test.each(deaths)('%s %s', async (moment, call) => {
    await world.setFaults({ failProviderErrorRate: 1 });
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    await world.failed(ref);
    await expect(settle(dyingAt(world.purchase(), moment, call), ref)).rejects.toThrow(ProcessDied);
    await world.comeHome(ref);

    await world.setFaults({});
    const next = nextOf(ref);
    expect(await world.submissions.queue.getJobState(jobIdOf(next)), 'the job of the next submission').toMatch(/delayed|waiting/);
    await submit(world.purchase(), next);
    await world.comeHome(next);
    await expectAgreement(world, ref, succeededOnce);
  });
});

test('the settlement carries on after a process that died between a burnt id and the job of the next submission', async () => {
  // The provider's trail keeps its refusals; two looks prove that the id is used up.
  const usesUpIds = { rejectionConsumesId: true, detailsKeepRefusals: true, detailsResponse: 'last-response' };
  const timing = { firstPollMs: 1, maxPollMs: 2, troubleMs: 1, maxTroubleMs: 2 };
  await world.setFaults({ ...usesUpIds, submit429Rate: 1 });
  const ref = await world.enqueue();
  expect((await submit(world.purchase(), ref)).kind).toBe('snooze');
  await world.setFaults(usesUpIds);
  await eventually(async () => expect(await submit(world.purchase(), ref)).toEqual({ kind: 'submitted' }));
  const dying = dyingAt(world.purchase({ timing }), 'before', 'waits.addSubmission');
  await eventually(async () => await expect(settle(dying, ref)).rejects.toThrow(ProcessDied), { everyMs: 5 });
  await world.setFaults({});
  await settle(world.purchase({ timing }), ref);
  expect(await world.submissions.queue.getJobState(jobIdOf(nextOf(ref)))).toMatch(/delayed|waiting/);
  await submit(world.purchase(), nextOf(ref));
  await world.comeHome(nextOf(ref));
  await expectAgreement(world, ref, succeededOnce);
});
