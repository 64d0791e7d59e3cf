import { buildSettingRecord, type SpendCaps } from '@darkroom/contracts';
import { beforeEach, describe, expect, test } from 'vitest';
import { changeCaps, restoreCaps, type KeptSettings } from '../src/index.ts';
import { IMAGE_NANO_USD, startWorld, type World } from './world.ts';

const caps: SpendCaps = { allPerDay: 5 * IMAGE_NANO_USD, allPerMonth: 50 * IMAGE_NANO_USD, tenantPerDay: IMAGE_NANO_USD };
const seed: SpendCaps = { allPerDay: 25 * IMAGE_NANO_USD };

/** A bucket of its own for each: the settings of the store lie in it. */
let world: World;
let settings: KeptSettings;
beforeEach(async () => {
  world = await startWorld();
  settings = { store: world.store, archive: world.storage };
  return () => world.stop();
});

const newest = async () => (await world.storage.findNewestSetting('caps')) ?? { revision: 0, after: undefined };

describe('the caps of Redis and S3', () => {
  test('a store without any gets those of its seed, recorded with the time of Redis', async () => {
    const before = await world.store.readTime();
    expect(await restoreCaps(settings, seed)).toEqual({ kind: 'seeded', value: seed, revision: 1 });
    const record = await world.storage.findNewestSetting('caps');
    expect(record).toMatchObject({ revision: 1, before: null, after: seed });
    expect(record?.at).toBeGreaterThanOrEqual(before);
    expect(await world.store.findCaps()).toEqual({ caps: seed, revision: 1 });
    expect(await restoreCaps(settings, caps)).toEqual({ kind: 'same', value: seed, revision: 1 });
  });

  test('workers that seed a store at once with different caps all go on with those of one', async () => {
    const seeds = [1, 2, 3, 4].map((images) => ({ allPerDay: images * IMAGE_NANO_USD }));
    await Promise.all(seeds.map((each) => restoreCaps(settings, each)));
    const { after, revision } = await newest();
    expect(revision).toBe(1);
    expect(await world.store.findCaps()).toEqual({ caps: after, revision: 1 });
  });

  test('without a seed a store without any stays without', async () => {
    expect(await restoreCaps(settings)).toEqual({ kind: 'absent' });
    expect(await newest()).toMatchObject({ revision: 0 });
  });

  test('caps that an earlier version wrote are recorded once, and are not those of the seed', async () => {
    await world.store.setCaps(caps);
    expect(await restoreCaps(settings, seed)).toEqual({ kind: 'recorded', value: caps, revision: 1 });
    expect(await world.storage.findNewestSetting('caps')).toMatchObject({ before: null, after: caps });
    expect(await restoreCaps(settings, seed)).toMatchObject({ kind: 'same', value: caps });
    expect(await newest()).toMatchObject({ revision: 1 });
  });

  test.each<[string, (world: World) => Promise<unknown>]>([
    ['were deleted', ({ redis, prefix }) => redis.del(`${prefix}:caps`)],
    ['were overwritten by a worker of an earlier version', ({ store }) => store.setCaps(seed)],
    ['were changed by hand', ({ redis, prefix }) => redis.hset(`${prefix}:caps`, 'all:day', 99)],
    ['are damaged', ({ redis, prefix }) => redis.hset(`${prefix}:caps`, 'all:day', 'lots')],
    ['are of another type', async ({ redis, prefix }) => void (await redis.del(`${prefix}:caps`), await redis.set(`${prefix}:caps`, '1'))],
  ])('caps of Redis that %s are those of S3 again', async (_, lose) => {
    await restoreCaps(settings, caps);
    await lose(world);
    expect(await restoreCaps(settings, seed)).toEqual({ kind: 'brought-back', value: caps, revision: 1 });
    expect(await world.store.findCaps()).toEqual({ caps, revision: 1 });
  });
});

describe('a change of caps', () => {
  test('changes what it names, says what was before, and is recorded', async () => {
    await restoreCaps(settings, caps);
    const after = { allPerDay: 3 * IMAGE_NANO_USD, tenantPerDay: IMAGE_NANO_USD };
    expect(await changeCaps(settings, { allPerDay: 3 * IMAGE_NANO_USD, allPerMonth: null })).toEqual({
      kind: 'changed',
      before: caps,
      after,
      revision: 2,
    });
    expect(await world.storage.findNewestSetting('caps')).toMatchObject({ revision: 2, before: caps, after });
    expect(await world.store.findCaps()).toEqual({ caps: after, revision: 2 });
    expect(await changeCaps(settings, { allPerMonth: null })).toMatchObject({ kind: 'unchanged' });
    expect(await newest()).toMatchObject({ revision: 2 });
  });

  test('keeps who made it and why, in Redis and in its record, and brings both back', async () => {
    await restoreCaps(settings, caps);
    expect(await world.store.findCapsChange()).toEqual({ at: expect.any(Number) });
    await changeCaps(settings, { allPerDay: 7 }, { who: 'alice', reason: 'a quiet week' });
    const told = { at: (await world.storage.findNewestSetting('caps'))?.at, who: 'alice', reason: 'a quiet week' };
    expect(await newest()).toMatchObject({ by: 'operator', who: 'alice', reason: 'a quiet week' });
    expect(await world.store.findCapsChange()).toEqual(told);
    await world.redis.del(`${world.prefix}:caps`);
    await restoreCaps(settings, seed);
    expect(await world.store.findCapsChange()).toEqual(told);
    await world.store.setCaps(caps);
    expect(await world.store.findCapsChange(), 'an earlier version tells none').toBeUndefined();
  });

  test('holds for each of many operators at once, one on top of another', async () => {
    await restoreCaps(settings, seed);
    const names = ['allPerDay', 'allPerMonth', 'tenantPerDay', 'tenantPerMonth'] as const;
    await Promise.all(names.map((name, at) => changeCaps(settings, { [name]: (at + 1) * IMAGE_NANO_USD })));
    const after = Object.fromEntries(names.map((name, at) => [name, (at + 1) * IMAGE_NANO_USD]));
    expect(await newest()).toMatchObject({ revision: 5, after });
    expect(await world.store.findCaps()).toEqual({ caps: after, revision: 5 });
  });

  test('one whose process died between S3 and Redis holds after the next look', async () => {
    await restoreCaps(settings, seed);
    const dies = { ...world.store, applyCaps: () => Promise.reject(new Error('killed')) };
    await expect(changeCaps({ ...settings, store: dies }, { allPerDay: 7 })).rejects.toThrow('killed');
    expect(await world.store.findCaps()).toMatchObject({ caps: seed, revision: 1 });
    expect(await restoreCaps(settings)).toEqual({ kind: 'brought-back', value: { allPerDay: 7 }, revision: 2 });
  });

  test('another one after that is made on top of it', async () => {
    await restoreCaps(settings, seed);
    const record = buildSettingRecord('caps', { revision: 2, at: 1, before: seed, after: { ...seed, tenantPerDay: 3 } });
    await world.storage.recordSetting(record);
    expect(await changeCaps(settings, { allPerDay: 7 })).toMatchObject({ after: { allPerDay: 7, tenantPerDay: 3 }, revision: 3 });
  });

  test('one that S3 does not take changes nothing', async () => {
    await restoreCaps(settings, seed);
    const archive = { ...world.storage, recordSetting: () => Promise.reject(new Error('S3 is away')) };
    await expect(changeCaps({ ...settings, archive }, { allPerDay: 7 })).rejects.toThrow('S3 is away');
    expect(await world.store.findCaps()).toEqual({ caps: seed, revision: 1 });
  });

  test('while Redis is not compared with S3 it may lower a cap and raise none', async () => {
    await restoreCaps(settings, caps);
    const store = { ...world.store, readServerRun: () => Promise.resolve({ run: '', isOpen: true, isRecovering: true, memory: '' }) };
    const recovering = { ...settings, store };
    for (const change of [{ allPerDay: 6 * IMAGE_NANO_USD }, { tenantPerDay: null }, { allPerDay: 1, allPerMonth: null }])
      expect(await changeCaps(recovering, change)).toMatchObject({ kind: 'recovering', before: caps });
    expect(await newest()).toMatchObject({ revision: 1 });
    expect(await changeCaps(recovering, { allPerDay: 4 * IMAGE_NANO_USD, tenantPerMonth: 9 })).toMatchObject({
      kind: 'changed',
      revision: 2,
    });
  });

  test('a store without caps needs one for the day', async () => {
    expect(await changeCaps(settings, { allPerMonth: 7 })).toEqual({ kind: 'incomplete' });
    expect(await changeCaps(settings, { allPerDay: 7 })).toMatchObject({ kind: 'changed', before: undefined, revision: 1 });
  });
});

describe('caps that are lowered while S3 is away', () => {
  const standing = async () => (await world.store.findCapsRestrictions()).length;

  test('hold in Redis at once, and those that would be raised stay', async () => {
    await restoreCaps(settings, caps);
    expect(await world.store.restrictCaps({ allPerDay: 6 * IMAGE_NANO_USD, allPerMonth: null })).toBe(false);
    expect(await world.store.restrictCaps({ allPerDay: 4 * IMAGE_NANO_USD, allPerMonth: null, tenantPerMonth: 9 })).toBe(true);
    const lowered = { ...caps, allPerDay: 4 * IMAGE_NANO_USD, tenantPerMonth: 9 };
    expect(await world.store.findCaps()).toEqual({ caps: lowered, revision: 1 });
    expect(await newest()).toMatchObject({ revision: 1, after: caps });
    expect(await restoreCaps(settings)).toEqual({ kind: 'recorded', value: lowered, revision: 2 });
    expect(await world.storage.findNewestSetting('caps')).toMatchObject({ by: 'redis', before: caps, after: lowered });
    expect(await world.store.findCaps()).toEqual({ caps: lowered, revision: 2 });
    expect(await standing()).toBe(0);
    expect(await restoreCaps(settings)).toMatchObject({ kind: 'same', revision: 2 });
  });

  test('keep the operator and the reason, in Redis at once and in the record', async () => {
    await restoreCaps(settings, caps);
    const by = { who: 'Zoë O’Neil', reason: 'a dear day: 50 % more than planned' };
    await world.store.restrictCaps({ allPerDay: 7 }, by);
    expect(await world.store.findCapsChange()).toMatchObject(by);
    await world.store.restrictCaps({ allPerDay: 6 });
    await restoreCaps(settings);
    expect(await world.storage.findNewestSetting('caps')).toMatchObject({ ...by, by: 'redis', after: { allPerDay: 6 } });
    expect(await world.store.findCapsChange()).toMatchObject(by);
  });

  test('in a store that has none nothing is lowered', async () => {
    expect(await world.store.restrictCaps({ allPerDay: 1 })).toBe(false);
    expect(await world.store.findCaps()).toBeUndefined();
    expect(await standing()).toBe(0);
  });

  test('are recorded as they are by then if an earlier version wrote the store', async () => {
    await world.store.setCaps(caps);
    expect(await world.store.restrictCaps({ allPerDay: 7 })).toBe(true);
    expect(await restoreCaps(settings, seed)).toMatchObject({ kind: 'recorded', value: { ...caps, allPerDay: 7 }, revision: 1 });
    expect(await standing()).toBe(0);
  });

  test('are recorded once by a process that died between S3 and Redis, and by the next', async () => {
    await restoreCaps(settings, caps);
    await world.store.restrictCaps({ allPerDay: 7 });
    const dies = { ...world.store, applyCaps: () => Promise.reject(new Error('killed')) };
    await expect(restoreCaps({ ...settings, store: dies })).rejects.toThrow('killed');
    expect(await newest()).toMatchObject({ revision: 2, after: { ...caps, allPerDay: 7 } });
    expect(await restoreCaps(settings)).toMatchObject({ kind: 'brought-back', value: { allPerDay: 7 }, revision: 2 });
    expect(await newest()).toMatchObject({ revision: 2 });
    expect(await standing()).toBe(0);
  });

  test('are not undone by a change that did not see them', async () => {
    await restoreCaps(settings, caps);
    const { applyCaps } = world.store;
    let isLowered = false;
    const store = {
      ...world.store,
      applyCaps: async (change: Parameters<typeof applyCaps>[0]) => {
        if (!isLowered) isLowered = await world.store.restrictCaps({ allPerDay: 7 });
        return applyCaps(change);
      },
    };
    expect(await changeCaps({ ...settings, store }, { allPerDay: 90 * IMAGE_NANO_USD })).toMatchObject({ kind: 'changed', revision: 2 });
    expect(await world.store.findCaps()).toMatchObject({ caps: { allPerDay: 7 }, revision: 3 });
    expect(await newest()).toMatchObject({ revision: 3, after: { allPerDay: 7 } });
  });

  test('and raised again since stay raised, also in a Redis that went back to before that', async () => {
    await restoreCaps(settings, caps);
    await world.store.restrictCaps({ allPerDay: 7 });
    const key = `${world.prefix}:caps`;
    const [hash, list] = await Promise.all([world.redis.dumpBuffer(key), world.redis.dumpBuffer(`${key}-unrecorded`)]);
    await changeCaps(settings, { allPerDay: 9 });
    // An hour later, an operator raises the cap.
    const later = (await world.store.readTime()) + 3_600_000;
    await world.storage.recordSetting(
      buildSettingRecord('caps', { revision: 4, at: later, before: { ...caps, allPerDay: 9 }, after: { ...caps, allPerDay: 50 } }),
    );
    await world.redis.restore(key, 0, hash ?? '', 'REPLACE');
    await world.redis.restore(`${key}-unrecorded`, 0, list ?? '', 'REPLACE');
    expect(await restoreCaps(settings)).toMatchObject({ kind: 'brought-back', value: { allPerDay: 50 }, revision: 4 });
    expect(await standing()).toBe(0);
  });

  test('are kept where the newest change seems to come from the future, and Redis knew it', async () => {
    await restoreCaps(settings, caps);
    const ahead = (await world.store.readTime()) + 86_400_000;
    const record = buildSettingRecord('caps', { revision: 2, at: ahead, before: caps, after: seed });
    await world.storage.recordSetting(record);
    await restoreCaps(settings);
    await world.store.restrictCaps({ allPerDay: 7 });
    expect(await restoreCaps(settings)).toMatchObject({ kind: 'recorded', value: { allPerDay: 7 }, revision: 3 });
  });
});
