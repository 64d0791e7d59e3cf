import { randomUUID } from 'node:crypto';
import { defaultTiming, defined } from '@darkroom/contracts';
import { buildReconcileStore } from '@darkroom/generation-store';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defaultReconcileSettings, reconcile, restoreForgotten, type Reconciler } from '../src/index.ts';
import { expectBound, openOnly, openUnread, someLife, startOpeningWorld, type OpeningWorld, type SomeLife } from './opening-world.ts';
import { DAY_MS, runRebuild } from './run-rebuild.ts';
import { IMAGE_NANO_USD, nextOf } from './world.ts';

const HOUR_MS = 3_600_000;
const today = new Date().toISOString().slice(0, 10);

let world: OpeningWorld;
beforeEach(async () => {
  world = await startOpeningWorld();
});
afterEach(() => world.stop());

describe('a store that is open and not all read', () => {
  let life: SomeLife;
  let truth: Map<string, number>;
  beforeEach(async () => {
    ({ life, truth } = await openUnread(world));
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

  test('is read by two readers at once as by one', async () => {
    const outcomes = await Promise.all([world.readOn(), world.readOn(), world.readOn()]);
    for (const outcome of outcomes) expect(['opened', 'open']).toContain(outcome?.kind);
    expect(outcomes.filter((outcome) => outcome?.kind === 'opened')).toHaveLength(1);
    expect(await world.reading.findReading()).toBeUndefined();
    expect(await world.readBound()).toEqual(truth);
  });

  test('is not changed by a reader that stood still until another had read everything', async () => {
    let [stand, stands, goOn] = [true, () => undefined as void, () => undefined as void];
    const standing = new Promise<void>((resolve) => (stands = resolve));
    const woken = new Promise<void>((resolve) => (goOn = resolve));
    const store = {
      restore: async (...given: Parameters<OpeningWorld['store']['restore']>) => {
        if (stand) {
          stand = false;
          stands();
          await woken;
        }
        return world.store.restore(...given);
      },
    };
    const frozen = world.readOn({ store });
    await standing;
    expect(await world.readOn()).toMatchObject({ kind: 'opened' });
    // What had failed is bought again, as all is read.
    await world.send(nextOf(life.failed));
    const since = await world.readTruth();
    goOn();
    expect(await frozen).toMatchObject({ kind: 'open' });
    expect(await world.readBound()).toEqual(since);
    expect(await world.redis.exists(`${world.prefix}:epoch`)).toBe(1);
  });

  test('is not read on by a reader of a Redis that was emptied and rebuilt meanwhile', async () => {
    const store = {
      restore: async (...given: Parameters<OpeningWorld['store']['restore']>) => {
        const changed = await world.store.restore(...given);
        await world.wipe();
        return changed;
      },
    };
    expect(await world.readOn({ store })).toEqual({ kind: 'emptied' });
    expect(await world.redis.keys(`${world.prefix}:generation:*`)).toHaveLength(0);
    await openOnly(world);
    const found = (await world.reading.findReading())!;
    expect(await world.reading.noteRead('another', life.home.generationId, new Map())).toBe('gone');
    expect(await world.reading.endReading('another')).toBe('emptied');
    expect(await world.reading.findReading()).toEqual(found);
    expect(await world.readOn()).toMatchObject({ kind: 'opened' });
    expect(await world.readBound()).toEqual(truth);
  });
});

describe.each([
  ['this week', 7 * DAY_MS],
  // Its id is older than what Redis keeps, and its last end is not.
  ['long ago', 1_800_000],
])('a generation enqueued %s and bought again after the reading ended', (_when, keptMs) => {
  test.each([
    ['as its checkpoint tells', 0],
    // Nothing tells then what Redis has forgotten.
    ['with a clock that is set back', HOUR_MS],
  ])('is counted when Redis goes back to before that, %s, and nothing else is brought back', async (_how, aheadMs) => {
    const life = await someLife(world);
    await world.wipe();
    await openOnly(world, { keptMs });
    // Since a moment ago: a version without checkpoints finds this store closed.
    expect((await world.store.findCheckpoint())?.ageMs).toBeLessThan(HOUR_MS);
    const goBack = await world.snapshot();
    expect(await world.readOn()).toMatchObject({ kind: 'opened' });
    expect(await world.store.findCheckpoint(), 'such a version may run now').toBeUndefined();
    await world.send(nextOf(life.failed));
    const later = await world.readTruth();
    await goBack();
    // As a worker does before anything is bought in a Redis that restarted.
    if (aheadMs > 0) await world.redis.hincrby(`${world.prefix}:checkpoint`, 'at', aheadMs);
    const since = (await world.store.findCheckpoint())?.at;
    expect(since === undefined).toBe(aheadMs > 0);
    expect(await restoreForgotten(world.recovery, defined({ since }))).toMatchObject({ restored: [life.failed.generationId], damaged: [] });
    expect((await world.reading.findReading())?.left).toBe(3);
    await expectBound(world, later);
    expect(await world.store.commit(nextOf(life.failed), 'a')).toMatchObject({ kind: 'stop' });
    expect(await world.readOn()).toMatchObject({ kind: 'opened' });
    expect(await world.readBound()).toEqual(later);
  });
});

test('a Redis that is emptied while names are listed is not said to be open', async () => {
  await someLife(world);
  await world.wipe();
  const store = {
    noteUnread: async (...given: Parameters<OpeningWorld['reading']['noteUnread']>) => {
      await world.wipe();
      return world.reading.noteUnread(...given);
    },
  };
  expect(await runRebuild(world, {}, { store })).toEqual({ kind: 'emptied' });
});

test('a pass of the reconciler takes nothing for forgotten that is not read', async () => {
  const life = await someLife(world);
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
    await someLife(world);
    world.setAge(10 * 60_000);
    await expectNoOpening();
  });

  test('when there are no sums', async () => {
    const [ref] = await world.enqueue();
    await world.send(ref);
    await expectNoOpening();
  });
});
