import { changeCaps, changeLimits, pauseByOperator, resumeByOperator } from '@darkroom/recovery';
import { eventually } from '@darkroom/testing';
import { describe, expect, inject, test } from 'vitest';
import { IMAGE_NANO_USD, startForgetfulWorld } from './forgetful-world.ts';

/** The settings of a store whose Redis was killed and came back with what it knew a while ago, or lost them while it ran. */
describe.skipIf(inject('redisKind') === 'js')('settings, after Redis went back (needs valkey, redis or Debian packages)', () => {
  test('a cap that was lowered is not forgotten, whatever the environment of the worker names', async () => {
    await using world = await startForgetfulWorld(1000);
    const ref = await world.enqueue();
    await world.watch({ cap: 5000 });
    await eventually(async () => expect(await world.store.findCaps()).toMatchObject({ revision: 1 }));
    const putBack = await world.server.copyData();
    const settings = { store: world.store, archive: world.storage };
    expect(await changeCaps(settings, { allPerDay: 1 })).toMatchObject({ kind: 'changed', revision: 2 });
    await world.goBack(putBack);
    await world.untilCompared();
    expect(await world.store.findCaps()).toEqual({ revision: 2, caps: { allPerDay: 1 } });
    expect(await world.askToBuy(ref)).toBe('cap');
  });

  test('caps that Redis lost while it ran are back within moments, and nothing is bought without them', async () => {
    await using world = await startForgetfulWorld(1);
    const ref = await world.enqueue();
    const watch = await world.watch();
    await eventually(async () => expect(await world.store.findCaps()).toMatchObject({ revision: 1 }));
    await watch.stop();
    await world.redis.del('{darkroom}:caps');
    expect(await world.askToBuy(ref)).toBe('paused');
    await world.watch();
    await eventually(async () => expect(await world.store.findCaps()).toMatchObject({ caps: { allPerDay: IMAGE_NANO_USD } }));
    expect(await world.askToBuy(ref)).toBe('go');
  });

  test('a pause of an operator stands again, a resume is not forgotten, and a limit that was lowered holds', async () => {
    await using world = await startForgetfulWorld();
    const settings = { store: world.store, archive: world.storage };
    await world.watch();
    await eventually(async () => expect((await world.store.findPauses()).revision).toBe(0));
    const unpaused = await world.server.copyData();
    await pauseByOperator(settings, 'by hand');
    await changeLimits(settings, { tasksAtProvider: 3 });
    const paused = await world.server.copyData();
    await world.goBack(unpaused);
    await world.untilCompared();
    expect(await world.store.pauses()).toMatchObject([{ kind: 'operator', reason: 'by hand' }]);
    expect(await world.store.readTasksAtProvider()).toMatchObject({ limit: 3 });
    await resumeByOperator(settings);
    await world.goBack(paused);
    await world.untilCompared();
    expect(await world.store.pauses()).toEqual([]);
  });

  test('a pause that was made while S3 was away is recorded, and stands after Redis went back', async () => {
    await using world = await startForgetfulWorld();
    const putBack = await world.server.copyData();
    await world.store.pauseBuying({ kind: 'operator', reason: 'S3 is away', since: Date.now() });
    await world.watch();
    await eventually(async () => expect(await world.store.findPauses()).toMatchObject({ revision: 1, isRecorded: true }));
    await world.goBack(putBack);
    await world.untilCompared();
    expect(await world.store.pauses()).toMatchObject([{ kind: 'operator', reason: 'S3 is away' }]);
  });

  test('a cap and a limit that were lowered while S3 was away are recorded, and hold after Redis went back', async () => {
    await using world = await startForgetfulWorld();
    let isAway = true;
    const { storage } = world;
    await world.watch({
      settings: {
        recordSetting: (record) =>
          isAway && record.by === 'redis' && record.revision > 1 ? Promise.reject(new Error('S3 is away')) : storage.recordSetting(record),
      },
    });
    await eventually(async () => expect(await world.store.findCaps()).toMatchObject({ revision: 1 }));
    const putBack = await world.server.copyData();
    await world.store.restrictCaps({ allPerDay: 1 });
    await world.store.restrictLimits({ tasksAtProvider: 3 });
    await expect(world.enqueue()).rejects.toMatchObject({ code: 'spend.cap-reached' });
    isAway = false;
    await eventually(async () => expect(await storage.findNewestSetting('limits')).toMatchObject({ after: { tasksAtProvider: 3 } }));
    await eventually(async () => expect(await storage.findNewestSetting('caps')).toMatchObject({ revision: 2, after: { allPerDay: 1 } }));
    await world.goBack(putBack);
    await world.untilCompared();
    expect(await world.store.findCaps()).toMatchObject({ revision: 2, caps: { allPerDay: 1 } });
    expect(await world.store.readTasksAtProvider()).toMatchObject({ limit: 3 });
  });

  test('a pause whose key was deleted stands again within moments', async () => {
    await using world = await startForgetfulWorld();
    await world.watch();
    await pauseByOperator({ store: world.store, archive: world.storage }, 'by hand');
    await world.redis.del('{darkroom}:buying-paused');
    await eventually(async () => expect(await world.store.pauses()).toMatchObject([{ kind: 'operator', reason: 'by hand' }]));
  });
});
