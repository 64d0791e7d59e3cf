import { beforeEach, describe, expect, test } from 'vitest';
import { changeLimits, pauseByOperator, restoreLimits, restorePauses, resumeByOperator, type KeptSettings } from '../src/index.ts';
import { startWorld, type World } from './world.ts';

/** A bucket of its own for each: the settings of the store lie in it. */
let world: World;
let settings: KeptSettings;
beforeEach(async () => {
  world = await startWorld();
  settings = { store: world.store, archive: world.storage };
  return () => world.stop();
});

/** A Redis that restarted and was not compared yet. */
const recovering = (): KeptSettings => ({
  ...settings,
  store: { ...world.store, readServerRun: () => Promise.resolve({ run: '', isOpen: true, isRecovering: true, memory: '' }) },
});
const awayS3 = (): KeptSettings => ({
  ...settings,
  archive: { ...world.storage, recordSetting: () => Promise.reject(new Error('S3 is away')) },
});
const limit = async (): Promise<number> => (await world.store.readTasksAtProvider()).limit;

describe('the limit of tasks at the provider', () => {
  test('is the default until it is set, and then what S3 keeps, with what was before', async () => {
    expect(await restoreLimits(settings)).toEqual({ kind: 'same', value: {}, revision: 0 });
    expect(await limit()).toBe(1000);
    expect(await changeLimits(settings, { tasksAtProvider: 7 })).toMatchObject({ kind: 'changed', before: {}, revision: 1 });
    expect(await limit()).toBe(7);
    expect(await changeLimits(settings, { tasksAtProvider: 7 })).toMatchObject({ kind: 'unchanged', revision: 1 });
    await changeLimits(settings, { tasksAtProvider: 9 });
    expect(await world.storage.findNewestSetting('limits')).toMatchObject({
      revision: 2,
      by: 'operator',
      before: { tasksAtProvider: 7 },
      after: { tasksAtProvider: 9 },
    });
  });

  test.each<[string, (world: World) => Promise<unknown>]>([
    ['was deleted', ({ redis, prefix }) => redis.del(`${prefix}:limits`)],
    ['was changed by hand', ({ redis, prefix }) => redis.hset(`${prefix}:limits`, 'tasksAtProvider', 500)],
    ['is damaged', ({ redis, prefix }) => redis.hset(`${prefix}:limits`, 'tasksAtProvider', 'lots')],
    [
      'is of another type',
      async ({ redis, prefix }) => void (await redis.del(`${prefix}:limits`), await redis.set(`${prefix}:limits`, '1')),
    ],
  ])('that %s in Redis is that of S3 again', async (_, lose) => {
    await changeLimits(settings, { tasksAtProvider: 7 });
    await lose(world);
    expect(await restoreLimits(settings)).toMatchObject({ kind: 'brought-back', value: { tasksAtProvider: 7 }, revision: 1 });
    expect(await limit()).toBe(7);
  });

  test('is recorded once if it was written without a record', async () => {
    await world.redis.hset(`${world.prefix}:limits`, 'tasksAtProvider', 12);
    expect(await restoreLimits(settings)).toMatchObject({ kind: 'recorded', revision: 1 });
    expect(await restoreLimits(settings)).toMatchObject({ kind: 'same', value: { tasksAtProvider: 12 }, revision: 1 });
    expect(await world.storage.findNewestSetting('limits')).toMatchObject({ by: 'redis', before: null, after: { tasksAtProvider: 12 } });
  });

  test('is lowered and not raised while Redis is not compared with S3', async () => {
    await changeLimits(settings, { tasksAtProvider: 7 });
    expect(await changeLimits(recovering(), { tasksAtProvider: 8 })).toMatchObject({ kind: 'recovering' });
    expect(await changeLimits(recovering(), { tasksAtProvider: 6 })).toMatchObject({ kind: 'changed', revision: 2 });
  });

  test('changes nothing if S3 does not take it', async () => {
    await expect(changeLimits(awayS3(), { tasksAtProvider: 2 })).rejects.toThrow('S3 is away');
    expect(await limit()).toBe(1000);
  });
});

describe('the bounds on open images', () => {
  test('are none until they are set, and are lifted by name', async () => {
    expect(await changeLimits(settings, { openImages: 500, openImagesPerTenant: 20 })).toMatchObject({
      after: { openImages: 500, openImagesPerTenant: 20 },
    });
    expect(await changeLimits(settings, { openImages: null, tasksAtProvider: 9 })).toMatchObject({
      after: { openImagesPerTenant: 20, tasksAtProvider: 9 },
      revision: 2,
    });
    expect(await world.redis.hgetall(`${world.prefix}:limits`)).toEqual({
      revision: '2',
      openImagesPerTenant: '20',
      tasksAtProvider: '9',
    });
    await world.redis.del(`${world.prefix}:limits`);
    expect(await restoreLimits(settings)).toMatchObject({ value: { openImagesPerTenant: 20, tasksAtProvider: 9 }, revision: 2 });
  });

  test('are set and lowered while Redis is not compared with S3, and neither lifted nor raised', async () => {
    expect(await changeLimits(recovering(), { openImages: 500 })).toMatchObject({ kind: 'changed' });
    expect(await changeLimits(recovering(), { openImages: null })).toMatchObject({ kind: 'recovering' });
    expect(await changeLimits(recovering(), { openImages: 501, tasksAtProvider: 3 })).toMatchObject({ kind: 'recovering' });
  });

  test('hold at once if they are set while S3 is away, and are recorded', async () => {
    expect(await world.store.restrictLimits({ openImages: 7, tasksAtProvider: 2000 })).toBe(true);
    expect(await world.store.restrictLimits({ openImages: null, openImagesPerTenant: null })).toBe(false);
    expect((await world.store.findLimits())?.limits).toEqual({ openImages: 7 });
    expect(await restoreLimits(settings)).toMatchObject({ kind: 'recorded', value: { openImages: 7 } });
  });
});

describe('a limit that is lowered while S3 is away', () => {
  test('holds at once, is recorded once, and no other is raised by it', async () => {
    expect(await world.store.restrictLimits({ tasksAtProvider: 2000 })).toBe(false);
    expect(await world.store.restrictLimits({ tasksAtProvider: 20 })).toBe(true);
    expect(await limit()).toBe(20);
    expect(await restoreLimits(settings)).toMatchObject({ kind: 'recorded', value: { tasksAtProvider: 20 }, revision: 1 });
    await changeLimits(settings, { tasksAtProvider: 50 });
    expect(await world.store.restrictLimits({ tasksAtProvider: 10 })).toBe(true);
    expect(await limit()).toBe(10);
    expect(await restoreLimits(settings)).toMatchObject({ kind: 'recorded', value: { tasksAtProvider: 10 }, revision: 3 });
    expect(await restoreLimits(settings)).toMatchObject({ kind: 'same', revision: 3 });
    expect(await world.storage.findNewestSetting('limits')).toMatchObject({ before: { tasksAtProvider: 50 } });
  });

  test('holds although Redis lost what it was before', async () => {
    await changeLimits(settings, { tasksAtProvider: 50 });
    await world.store.restrictLimits({ tasksAtProvider: 10 });
    await world.redis.del(`${world.prefix}:limits`);
    expect(await restoreLimits(settings)).toMatchObject({ kind: 'recorded', value: { tasksAtProvider: 10 }, revision: 2 });
    expect(await limit()).toBe(10);
  });
});

describe("an operator's pause", () => {
  const pauses = async () => (await world.store.pauses()).filter(({ kind }) => kind === 'operator');
  const forget = (): Promise<unknown> => world.redis.del(`${world.prefix}:buying-paused`, `${world.prefix}:pauses`);
  const standAlone = (reason: string, since: number): Promise<unknown> => world.store.pauseBuying({ kind: 'operator', reason, since });

  test('names its operator and its reason, in Redis and in the records of both changes', async () => {
    await pauseByOperator(settings, 'a new bucket', 'alice');
    expect(await world.store.pauses()).toMatchObject([{ kind: 'operator', reason: 'a new bucket', by: 'alice' }]);
    await world.redis.del(`${world.prefix}:buying-paused`, `${world.prefix}:pauses`);
    expect(await restorePauses(settings)).toMatchObject({ kind: 'brought-back', operator: { by: 'alice' } });
    expect(await world.storage.findNewestSetting('pauses')).toMatchObject({
      who: 'alice',
      reason: 'a new bucket',
      after: { operator: { by: 'alice' } },
    });
    await resumeByOperator(settings, { who: 'bob', reason: 'it is there' });
    expect(await world.storage.findNewestSetting('pauses')).toMatchObject({
      who: 'bob',
      reason: 'it is there',
      before: { operator: { by: 'alice' } },
    });
    expect(
      await world.store.pauseBuying({ kind: 'operator', reason: 'S3 is away', since: await world.store.readTime(), by: 'carol' }),
    ).toBe(true);
    expect(await restorePauses(settings)).toMatchObject({ kind: 'recorded', operator: { reason: 'S3 is away', by: 'carol' } });
  });

  test('names no operator if an earlier version wrote it, and is read', async () => {
    const operator = { reason: 'by hand', since: 5 };
    await world.redis.hset(`${world.prefix}:buying-paused`, 'operator', JSON.stringify(operator));
    expect(await restorePauses(settings)).toEqual({ kind: 'recorded', operator, revision: 1 });
    expect(await world.store.pauses()).toMatchObject([{ kind: 'operator', ...operator }]);
  });

  test('and its end are recorded with the time of Redis, and known again to a Redis that has neither', async () => {
    const at = await world.store.readTime();
    expect(await pauseByOperator(settings, 'a new bucket')).toMatchObject({ kind: 'paused', revision: 1 });
    expect(await pauseByOperator(settings, 'lunch')).toMatchObject({ kind: 'stands', operator: { reason: 'a new bucket' } });
    const record = await world.storage.findNewestSetting('pauses');
    expect(record).toMatchObject({ revision: 1, by: 'operator', before: {}, after: { operator: { reason: 'a new bucket' } } });
    expect(record?.after.operator?.since).toBeGreaterThanOrEqual(at);
    await forget();
    expect(await restorePauses(settings)).toMatchObject({ kind: 'brought-back', revision: 1 });
    expect(await pauses()).toMatchObject([{ reason: 'a new bucket' }]);
    expect(await resumeByOperator(settings)).toMatchObject({ kind: 'resumed', revision: 2 });
    expect(await pauses()).toEqual([]);
    expect(await world.storage.findNewestSetting('pauses')).toMatchObject({ after: {}, before: { operator: { reason: 'a new bucket' } } });
    await forget();
    expect(await restorePauses(settings)).toMatchObject({ revision: 2 });
    expect(await pauses()).toEqual([]);
  });

  test('is recorded once if an earlier version made it', async () => {
    await standAlone('by hand', 5);
    expect(await restorePauses(settings)).toMatchObject({ kind: 'recorded', revision: 1, operator: { reason: 'by hand', since: 5 } });
    expect(await restorePauses(settings)).toMatchObject({ kind: 'same', revision: 1 });
    expect(await world.storage.findNewestSetting('pauses')).toMatchObject({ by: 'redis', before: null });
  });

  test('stands again after it was lifted in Redis alone', async () => {
    await pauseByOperator(settings, 'by hand');
    await world.store.resumeBuying(['operator']);
    expect(await restorePauses(settings)).toMatchObject({ kind: 'brought-back' });
    expect(await pauses()).toMatchObject([{ reason: 'by hand' }]);
  });

  test('is lifted as S3 says from a Redis that went back to it, also when others followed it', async () => {
    await pauseByOperator(settings, 'the first');
    const stored = await world.redis.hget(`${world.prefix}:buying-paused`, 'operator');
    const goBack = () =>
      world.redis
        .multi()
        .hset(`${world.prefix}:buying-paused`, 'operator', stored ?? '')
        .hset(`${world.prefix}:pauses`, { revision: 1, mark: `=${stored}` })
        .exec();
    await resumeByOperator(settings);
    await goBack();
    expect(await restorePauses(settings)).toMatchObject({ kind: 'brought-back', revision: 2 });
    expect(await pauses()).toEqual([]);
    // An hour ago, before another pause and its end.
    await world.storage.recordSetting({
      version: 1,
      kind: 'pauses',
      id: 'store',
      revision: 3,
      at: Date.now() + 3_600_000,
      before: { operator: { reason: 'the second', since: 1 } },
      after: {},
    });
    await goBack();
    expect(await restorePauses(settings)).toMatchObject({ kind: 'brought-back', revision: 3 });
    expect(await pauses()).toEqual([]);
  });

  test('is recorded if it was made in Redis alone after a resume, also after Redis went back to before it', async () => {
    await pauseByOperator(settings, 'the first');
    await resumeByOperator(settings);
    await standAlone('S3 is away', await world.store.readTime());
    expect(await restorePauses(settings)).toMatchObject({ kind: 'recorded', revision: 3 });
    await resumeByOperator(settings);
    await forget();
    await standAlone('after the restart', await world.store.readTime());
    expect(await restorePauses(settings)).toMatchObject({ kind: 'recorded', revision: 5, operator: { reason: 'after the restart' } });
    expect(await pauses()).toMatchObject([{ reason: 'after the restart' }]);
  });

  test('is not lifted with another one that is lifted while it is made', async () => {
    await pauseByOperator(settings, 'the first');
    const { storage, store } = world;
    const archive: KeptSettings['archive'] = {
      ...storage,
      recordSetting: async (record) => {
        await store.resumeBuying(['operator']);
        await standAlone('the second', await store.readTime());
        return storage.recordSetting(record);
      },
    };
    expect(await resumeByOperator({ ...settings, archive })).toMatchObject({ kind: 'resumed' });
    expect(await pauses()).toMatchObject([{ reason: 'the second' }]);
    expect(await restorePauses(settings)).toMatchObject({ kind: 'recorded', operator: { reason: 'the second' } });
  });

  test('holds while Redis is not compared with S3, and is not lifted', async () => {
    expect(await pauseByOperator(recovering(), 'by hand')).toMatchObject({ kind: 'paused' });
    expect(await resumeByOperator(recovering())).toMatchObject({ kind: 'recovering' });
    expect(await pauses()).toMatchObject([{ reason: 'by hand' }]);
  });

  test('stands when S3 does not take its end', async () => {
    await pauseByOperator(settings, 'by hand');
    await expect(resumeByOperator(awayS3())).rejects.toThrow('S3 is away');
    expect(await pauses()).toMatchObject([{ reason: 'by hand' }]);
  });

  test('holds after the next look if its process died between S3 and Redis', async () => {
    const dies = { ...world.store, applyPauses: () => Promise.reject(new Error('killed')) };
    await restorePauses(settings);
    await expect(pauseByOperator({ ...settings, store: dies }, 'by hand')).rejects.toThrow('killed');
    expect(await pauses()).toEqual([]);
    expect(await restorePauses(settings)).toMatchObject({ kind: 'brought-back', revision: 1 });
    expect(await pauses()).toMatchObject([{ reason: 'by hand' }]);
  });

  test('stands once, with one record, if many operators make it at once', async () => {
    await Promise.all([1, 2, 3, 4].map((by) => pauseByOperator(settings, `by ${by}`)));
    const record = await world.storage.findNewestSetting('pauses');
    expect(record).toMatchObject({ revision: 1 });
    expect(await pauses()).toMatchObject([{ reason: record?.after.operator?.reason }]);
  });
});
