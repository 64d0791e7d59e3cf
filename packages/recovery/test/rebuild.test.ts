import type { SubmissionRef } from '@darkroom/contracts';
import { intentKey } from '@darkroom/object-storage';
import { recordPurchase } from '@darkroom/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { takePicture } from './picture.ts';
import { setup as startFleetAtRest } from './reconcile/world.ts';
import { DAY_MS, runRebuild } from './run-rebuild.ts';
import { IMAGE_NANO_USD, nextOf, startWorld, type World } from './world.ts';

/** A bucket of its own for each: a rebuild brings back all of it. */
let world: World;
beforeEach(async () => {
  world = await startWorld();
  await world.begin();
});
afterEach(() => world.stop());

const run = (given?: Parameters<typeof runRebuild>[1], parts?: Parameters<typeof runRebuild>[2]) => runRebuild(world, given, parts);

/** One that has come home, one under way, one that is to be bought again, and one of two images of which one was never sent. */
async function someLife(): Promise<{ home: SubmissionRef; underWay: SubmissionRef; failed: SubmissionRef; half: SubmissionRef }> {
  const [home] = await world.enqueue(1, { idempotencyKey: 'mine' });
  await world.send(home);
  await world.end(home, 'succeeded');
  const [underWay] = await world.enqueue();
  await world.send(underWay);
  const [failed] = await world.enqueue();
  await world.send(failed);
  await world.end(failed, 'failed');
  const [half] = await world.enqueue(2);
  await world.send(half);
  await world.end(half, 'succeeded');
  return { home, underWay, failed, half };
}

test('a store that lost everything is as before, and buys again', async () => {
  const life = await someLife();
  const ids = Object.values(life).map(({ generationId }) => generationId);
  const before = await Promise.all(ids.map((id) => takePicture(world, id)));
  const toBeBoughtAgain = await world.submission(nextOf(life.failed));
  const { request } = (await world.store.find(life.home.generationId))!;
  await world.wipe();
  expect(await run()).toMatchObject({ kind: 'opened', done: { generations: 4 }, damaged: [] });
  const after = await Promise.all(ids.map((id) => takePicture(world, id)));
  expect(after.map(({ generation }) => generation)).toEqual(before.map(({ generation }) => generation));
  expect(await world.submission(nextOf(life.failed))).toEqual(toBeBoughtAgain);
  expect(await world.ledger()).toMatchObject({
    [`tenant:acme:day:${new Date().toISOString().slice(0, 10)}`]: { settled: 2 * IMAGE_NANO_USD, reserved: IMAGE_NANO_USD },
  });
  expect(await world.store.enqueue(world.newGeneration(1, { idempotencyKey: 'mine', request }))).toMatchObject({
    kind: 'replayed',
    generationId: life.home.generationId,
  });
  await world.store.setCaps({ allPerDay: 10 * IMAGE_NANO_USD });
  for (const ref of [nextOf(life.failed), { ...life.half, index: 1 }])
    expect(await world.store.commit(ref, 't')).toMatchObject({ kind: 'go' });
});

test('a rebuilt resubmission that waits for money under a cap waits on, and is bought when there is room', async () => {
  const tooLow = { allPerDay: IMAGE_NANO_USD - 1 };
  const [ref] = await world.enqueue();
  await world.send(ref);
  await world.store.setCaps(tooLow);
  await world.end(ref, 'failed');
  expect(await world.store.commit(nextOf(ref), 't')).toMatchObject({ kind: 'stop', reason: 'cap' });
  const before = await takePicture(world, ref.generationId);
  const waiting = await world.submission(nextOf(ref));
  expect(before).toMatchObject({ generation: { status: 'running', images: [{ status: 'open', submissions: 2 }] }, isOpen: true, live: 1 });

  await world.wipe();
  await world.store.setCaps(tooLow);
  expect(await run()).toMatchObject({ kind: 'opened', done: { generations: 1 } });
  expect(await takePicture(world, ref.generationId)).toEqual(before);
  expect(await world.submission(nextOf(ref))).toEqual(waiting);
  expect(await world.store.commit(nextOf(ref), 't')).toMatchObject({ kind: 'stop', reason: 'cap' });
  await world.store.setCaps({ allPerDay: IMAGE_NANO_USD });
  expect(await world.store.commit(nextOf(ref), 't')).toMatchObject({ kind: 'go' });
});

test('an open store is not touched', async () => {
  await someLife();
  const keys = (await world.redis.keys(`${world.prefix}*`)).toSorted();
  expect(await run()).toMatchObject({ kind: 'open', restored: 0, damaged: [] });
  expect((await world.redis.keys(`${world.prefix}*`)).toSorted()).toEqual(keys);
});

describe('nothing is bought or enqueued before it has ended', () => {
  test('not when it was stopped, and the next one brings back the rest', async () => {
    const { home } = await someLife();
    const picture = await takePicture(world, home.generationId);
    await world.wipe();
    const stop = new AbortController();
    expect(await run({ signal: stop.signal, onProgress: () => stop.abort() })).toEqual({ kind: 'stopped' });
    await expect(world.enqueue()).rejects.toMatchObject({ code: 'store.not-initialised' });
    expect(await run()).toMatchObject({ kind: 'opened' });
    expect((await takePicture(world, home.generationId)).generation).toEqual(picture.generation);
  });

  test('not when S3 went away in its middle', async () => {
    await someLife();
    await world.wipe();
    const archive = { ...world.storage, findResult: () => Promise.reject(new Error('S3 is away')) };
    await expect(run({}, { archive })).rejects.toThrow('S3 is away');
    expect(await world.store.isInitialised()).toBe(false);
    expect(await run()).toMatchObject({ kind: 'opened' });
  });

  test('not when Redis was emptied in its middle', async () => {
    await someLife();
    await world.wipe();
    let reads = 0;
    const archive = {
      ...world.storage,
      findIntent: async (ref: SubmissionRef, round: number) => {
        reads += 1;
        if (reads === 3) await world.wipe();
        return world.storage.findIntent(ref, round);
      },
    };
    expect(await run({}, { archive })).toEqual({ kind: 'emptied' });
    expect(await world.store.isInitialised()).toBe(false);
    expect(await run()).toMatchObject({ kind: 'opened', done: { generations: 4 } });
  });

  test('not when Redis restarted in its middle', async () => {
    await someLife();
    await world.wipe();
    const begun = await world.store.beginRebuild('mine');
    expect(begun).toMatchObject({ kind: 'begun', id: 'mine' });
    expect(await world.store.finishRebuild({ id: 'mine', run: 'the run before', epoch: 'e' })).toBe('restarted');
    expect(await world.store.isInitialised()).toBe(false);
  });

  test('not when it was begun so long ago that what it brought back has ended since', async () => {
    await world.wipe();
    await world.store.beginRebuild('mine');
    await world.redis.hset(`${world.prefix}:rebuild`, 'begunAt', Date.now() - 6 * DAY_MS);
    expect(await run()).toEqual({ kind: 'too-old' });
  });
});

test('two at once bring back everything once', async () => {
  const { home, underWay } = await someLife();
  await world.wipe();
  const outcomes = await Promise.all([run(), run(), run()]);
  expect(outcomes.map(({ kind }) => kind).toSorted()).toEqual(['open', 'open', 'opened']);
  expect((await world.store.find(home.generationId))?.costUsd).toBe('0.02');
  expect(await world.ledger()).toMatchObject({
    [`tenant:acme:day:${new Date().toISOString().slice(0, 10)}`]: { settled: 2 * IMAGE_NANO_USD, reserved: IMAGE_NANO_USD },
  });
  expect((await world.submission(underWay))['status']).toBe('committed');
});

test('an intent that a worker wrote while its day was listed already is found by the second look', async () => {
  await someLife();
  const [late] = await world.enqueue(1, { tenant: 'late' });
  const commitment = await world.store.commit(late, 't');
  if (commitment.kind === 'stop') throw new Error(commitment.reason);
  await world.wipe();
  let isWritten = false;
  const archive = {
    ...world.storage,
    findIntent: async (ref: SubmissionRef, round: number) => {
      // A reader of records has listed them.
      if (!isWritten) await recordPurchase(world.storage, commitment);
      isWritten = true;
      return world.storage.findIntent(ref, round);
    },
  };
  expect(await run({}, { archive })).toMatchObject({ kind: 'opened', done: { generations: 5 } });
  expect((await world.submission(late))['status']).toBe('committed');
  expect(await world.jobOf('settlements', late)).toBe('delayed');
});

test('one that was written only when the store was open again is found by the next pass of the reconciler', async () => {
  await using fleet = await startFleetAtRest();
  const [late] = await fleet.enqueue(1, { tenant: 'late' });
  const commitment = await fleet.store.commit(late, 't');
  if (commitment.kind === 'stop') throw new Error(commitment.reason);
  await fleet.wipe();
  expect(await runRebuild(fleet)).toMatchObject({ kind: 'opened' });
  // The worker that had committed before was frozen all that time, and goes on: intent, parked job, send, answer.
  await recordPurchase(fleet.storage, commitment);
  await fleet.settlements.park(late, 1000, false);
  expect(await fleet.store.recordVerdict(late, commitment.send, 'accepted')).toBe('unproven');
  expect(await fleet.store.find(late.generationId)).toBeUndefined();

  expect((await fleet.pass()).summary).toMatchObject({ 'intent-without-record': '1 repaired' });
  expect(await fleet.store.find(late.generationId)).toMatchObject({ status: 'running', reservedUsd: '0.02' });
  expect(await fleet.jobOf('settlements', late)).toBe('delayed');
  const again = await fleet.store.commit(late, 'another');
  expect(again, 'a repetition of that send, and no purchase of its own').toMatchObject({ fresh: false });
});

test('the reconciler finds nothing wrong in what was rebuilt', async () => {
  await using fleet = await startFleetAtRest();
  const [home] = await fleet.enqueue(1, { idempotencyKey: 'mine' });
  await fleet.send(home);
  await fleet.finish(home);
  const [underWay, unsent] = await fleet.enqueue(2);
  await fleet.send(underWay);
  const [failed] = await fleet.enqueue();
  await fleet.send(failed);
  await fleet.finish(failed, 'failed');
  const [unknown] = await fleet.enqueue();
  await fleet.send(unknown);
  await fleet.finish(unknown, 'unknown');
  await fleet.wipe();
  expect(await runRebuild(fleet)).toMatchObject({ kind: 'opened', done: { generations: 4 } });
  const { outcome, open, stored, summary } = await fleet.pass({ isThorough: true });
  expect({ outcome, open, stored, summary }).toEqual({ outcome: 'whole', open: 3, stored: 4, summary: {} });
  expect((await fleet.store.readUnknown(1)).count).toBe(1);
  expect(await fleet.jobOf('submissions', unsent!)).toBe('waiting');
});

describe('records that are damaged', () => {
  const damage = async (): Promise<SubmissionRef> => {
    const { home } = await someLife();
    await world.plant(intentKey(nextOf(home), 0), 'not json');
    await world.wipe();
    return home;
  };

  test('keep the store closed, and are named', async () => {
    const { generationId } = await damage();
    expect(await run()).toMatchObject({
      kind: 'damaged',
      done: { generations: 3 },
      damaged: [{ generationId, why: expect.stringContaining(generationId) }],
    });
    expect(await world.store.isInitialised()).toBe(false);
  });

  test('are left out when that is asked for', async () => {
    const { generationId } = await damage();
    expect(await run({ skipDamaged: true })).toMatchObject({ kind: 'opened', damaged: [{ generationId }] });
    await expect(world.store.find(generationId)).rejects.toMatchObject({ code: 'queue.unavailable', details: { reason: 'damaged' } });
    expect(await world.store.isInitialised()).toBe(true);
  });
});

test('a rebuild brings back generations older than asked for only if they are not over', async () => {
  const { home, underWay, failed, half } = await someLife();
  await world.wipe();
  const later = { now: () => Date.now() + 39 * DAY_MS };
  expect(await run({}, later)).toMatchObject({ kind: 'opened', done: { generations: 1 } });
  expect(await world.store.find(underWay.generationId)).toMatchObject({ status: 'running' });
  for (const { generationId } of [home, failed, half]) expect(await world.store.find(generationId)).toBeUndefined();
});
