import { randomUUID } from 'node:crypto';
import { defaultTiming, type SubmissionRef } from '@darkroom/contracts';
import { buildReconcileStore } from '@darkroom/generation-store';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defaultReconcileSettings, reconcile, type Reconciler } from '../src/index.ts';
import { expectBound, OLD_MS, openOnly, startOpeningWorld, type OpeningWorld } from './opening-world.ts';
import { runRebuild } from './run-rebuild.ts';
import { IMAGE_NANO_USD, nextOf } from './world.ts';

const today = new Date().toISOString().slice(0, 10);

let world: OpeningWorld;
beforeEach(async () => {
  world = await startOpeningWorld();
});
afterEach(() => world.stop());

/** Two that came home and one that failed, all an hour ago; then the sums; then one that is open and one that came home. */
async function someLife(): Promise<Record<'keyed' | 'home' | 'failed' | 'underWay' | 'late', SubmissionRef>> {
  world.setAge(OLD_MS);
  const [keyed] = await world.enqueueOld(1, { idempotencyKey: 'mine' });
  await world.send(keyed);
  await world.endOld(keyed, 'succeeded');
  const [home] = await world.enqueueOld(1, { tenant: 'other' });
  await world.send(home);
  await world.endOld(home, 'succeeded');
  const [failed] = await world.enqueueOld();
  await world.send(failed);
  await world.endOld(failed, 'failed');
  world.setAge(0);
  await world.writeSums();
  const [underWay] = await world.enqueue();
  await world.send(underWay);
  const [late] = await world.enqueue();
  await world.send(late);
  await world.end(late, 'succeeded');
  return { keyed, home, failed, underWay, late };
}

describe('a store that is open and not all read', () => {
  let life: Awaited<ReturnType<typeof someLife>>;
  let truth: Map<string, number>;
  beforeEach(async () => {
    life = await someLife();
    truth = await world.readTruth();
    await world.wipe();
    await openOnly(world);
  });

  test('knows what is open and what came after the sums, and buys', async () => {
    expect(await world.store.find(life.underWay.generationId)).toMatchObject({ status: 'running' });
    expect(await world.store.find(life.late.generationId)).toMatchObject({ status: 'succeeded' });
    expect(await world.store.readServerRun()).toMatchObject({ isOpen: true, isRecovering: false });
    const [fresh] = await world.enqueue();
    await world.send(fresh);
    await expectBound(world, truth);
  });

  test('is closed for a process of an earlier version', async () => {
    expect(await world.redis.exists(`${world.prefix}:epoch`)).toBe(0);
    expect(await world.store.initialise('another')).toBe(false);
    expect((await world.store.readOwnership()).epoch).toBeTruthy();
  });

  test('refuses a key that it does not know, an id that is not read, and questions for it', async () => {
    const unavailable = { code: 'queue.unavailable', details: { reason: 'reading' } };
    const { request } = (await world.store.find(life.late.generationId))!;
    await expect(world.store.enqueue(world.newGeneration(1, { idempotencyKey: 'mine', request }))).rejects.toMatchObject(unavailable);
    await expect(world.store.enqueue(world.newGeneration(1, { idempotencyKey: 'another' }))).rejects.toMatchObject(unavailable);
    const { generationId } = life.home;
    await expect(world.store.enqueue(world.newGeneration(1, { generationId, tenant: 'other' }))).rejects.toMatchObject(unavailable);
    await expect(world.store.find(generationId)).rejects.toMatchObject(unavailable);
    await expect(world.store.cancel(generationId)).rejects.toMatchObject(unavailable);
    expect(await world.store.findSubmissions(generationId)).toEqual([]);
    // What S3 does not know may be enqueued, and is not found before.
    const fresh = world.newGeneration();
    expect(await world.store.find(fresh.generationId)).toBeUndefined();
    expect(await world.store.enqueue(fresh)).toMatchObject({ kind: 'created' });
  });

  test('counts for every cap what it has not read', async () => {
    await world.store.setCaps({ allPerDay: 1000 * IMAGE_NANO_USD, tenantPerDay: 3 * IMAGE_NANO_USD });
    // Of "other" one is known by the sums alone.
    for (let at = 0; at < 2; at += 1) await world.enqueue(1, { tenant: 'other' });
    await expect(world.enqueue(1, { tenant: 'other' })).rejects.toMatchObject({ code: 'spend.cap-reached' });
    expect(await world.readOn()).toMatchObject({ kind: 'opened' });
    await expect(world.enqueue(1, { tenant: 'other' })).rejects.toMatchObject({ code: 'spend.cap-reached' });
  });

  test('buys in no period of which the sums tell nothing, and in none when it has lost what is unread', async () => {
    await world.store.setCaps({ allPerDay: 1000 * IMAGE_NANO_USD });
    const [ref] = await world.enqueue();
    const key = `${world.prefix}:submission:${ref.generationId}:0-1`;
    await world.redis.hset(key, 'periods', 'all:day:2020-01-01 tenant:acme:day:2020-01-01');
    await world.redis.hset(`${world.prefix}:spend:all:day:2020-01-01`, 'reserved', IMAGE_NANO_USD);
    expect(await world.store.commit(ref, 'a')).toMatchObject({
      kind: 'go',
      intent: { reservation: { periods: expect.arrayContaining([`all:day:${today}`]) } },
    });
    await world.redis.del(`${world.prefix}:unread-money`);
    await expect(world.enqueue()).rejects.toMatchObject({ code: 'spend.cap-reached' });
  });

  test('buys nothing again of what it has read before everything is', async () => {
    const stop = new AbortController();
    const store = {
      noteRead: async (...given: Parameters<OpeningWorld['reading']['noteRead']>) => {
        const noted = await world.reading.noteRead(...given);
        if (given[1] === life.failed.generationId) stop.abort();
        return noted;
      },
    };
    expect(await world.readOn({ store, signal: stop.signal })).toEqual({ kind: 'stopped' });
    expect(await world.store.commit(nextOf(life.failed), 'a')).toMatchObject({ kind: 'stop', reason: 'scheduled' });
    expect(await world.readOn()).toMatchObject({ kind: 'opened' });
    expect(await world.store.commit(nextOf(life.failed), 'b')).toMatchObject({ kind: 'go' });
  });

  test('is not read on days later, when what is back may have ended', async () => {
    await world.redis.hset(`${world.prefix}:reading`, 'openedAt', Date.now() - 6 * 86_400_000);
    expect(await world.readOn()).toEqual({ kind: 'too-old' });
    expect(await world.reading.findReading()).toMatchObject({ left: 3 });
  });

  test('is as it was before when everything is read', async () => {
    expect(await world.readOn()).toMatchObject({ kind: 'opened', damaged: [] });
    const { request } = (await world.store.find(life.keyed.generationId))!;
    expect(await world.redis.exists(`${world.prefix}:epoch`)).toBe(1);
    for (const key of ['reading', 'unread', 'read', 'unread-money', 'rebuild'])
      expect(await world.redis.exists(`${world.prefix}:${key}`), key).toBe(0);
    expect(await world.readBound()).toEqual(truth);
    expect(await world.store.enqueue(world.newGeneration(1, { idempotencyKey: 'mine', request }))).toMatchObject({
      kind: 'replayed',
      generationId: life.keyed.generationId,
    });
    expect(await world.store.find(life.home.generationId)).toMatchObject({ status: 'succeeded' });
    expect(await world.readOn()).toBeUndefined();
    expect(await runRebuild(world)).toEqual({ kind: 'open' });
  });
});

test('what is damaged keeps it from being whole, and nothing else from being read', async () => {
  const { home } = await someLife();
  await world.plant(`records/${today}/${home.generationId}/0-1.result.json`, 'not json');
  const truth = await world.readTruth().catch(() => new Map<string, number>());
  await world.wipe();
  // Written just now: it is read before the store opens.
  expect(await runRebuild(world)).toMatchObject({ kind: 'damaged', damaged: [{ generationId: home.generationId }] });
  world.setAge(OLD_MS);
  await world.plant(`records/${today}/${home.generationId}/0-1.result.json`, 'not json');
  world.setAge(0);
  expect(await runRebuild(world)).toMatchObject({ kind: 'damaged', isOpen: true, damaged: [{ generationId: home.generationId }] });
  expect(await world.reading.findReading()).toMatchObject({ left: 1 });
  await expectBound(world, truth);
  expect(await runRebuild(world, { skipDamaged: true })).toMatchObject({ kind: 'opened', damaged: [{ generationId: home.generationId }] });
  expect(await world.reading.findReading()).toBeUndefined();
});

test('a pass of the reconciler takes nothing for forgotten that is not read', async () => {
  const life = await someLife();
  await world.wipe();
  await openOnly(world);
  const reconciler: Reconciler = {
    store: buildReconcileStore(world, world.redis),
    generations: world.store,
    archive: world.storage,
    submissions: world.submissions,
    settlements: world.settlements,
    recovery: world.recovery,
    around: { now: Date.now, wait: () => Promise.resolve(), createHolder: randomUUID, note: () => undefined, progress: () => undefined },
    settings: { ...defaultReconcileSettings, timing: defaultTiming, graceMs: 0 },
  };
  const report = await reconcile(reconciler, { signal: new AbortController().signal, isThorough: true });
  expect(report).toMatchObject({ outcome: 'whole', stored: 0, findings: {} });
  expect(await world.store.findSubmissions(life.home.generationId)).toEqual([]);
  await world.readOn();
  expect(await reconcile(reconciler, { signal: new AbortController().signal, isThorough: true })).toMatchObject({
    outcome: 'whole',
    stored: 5,
  });
});

describe('everything is read before the store opens', () => {
  const expectNoOpening = async (): Promise<void> => {
    await world.wipe();
    const outcome = await runRebuild(world, { onOpened: () => Promise.reject(new Error('it was opened early')) });
    expect(outcome).toMatchObject({ kind: 'opened' });
    expect(await world.reading.findReading()).toBeUndefined();
  };

  test('when the clock of S3 was set since the sums were written', async () => {
    await someLife();
    world.setAge(10 * 60_000);
    await expectNoOpening();
  });

  test('when there are no sums', async () => {
    const [ref] = await world.enqueue();
    await world.send(ref);
    await expectNoOpening();
  });
});
