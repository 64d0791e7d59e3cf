import { randomUUID } from 'node:crypto';
import { STORED_FORMAT } from '@darkroom/contracts';
import { changeCaps, changeLimits, changeTenantRules, checkOwner, pauseByOperator, resumeByOperator } from '@darkroom/recovery';
import { eventually } from '@darkroom/testing';
import { describe, expect, inject, test } from 'vitest';
import { IMAGE_NANO_USD, startForgetfulWorld } from './forgetful-world.ts';

/** Settings of a store whose Redis came back in an older state after a kill, or lost them while it ran. */
describe.skipIf(inject('redisKind') === 'js')('settings, after Redis went back (needs valkey, redis or Debian packages)', () => {
  test('a lowered cap still applies, whatever the environment of the worker names', async () => {
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

  test('a worker restores caps that Redis lost within moments, and buys nothing without them', async () => {
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

  test('a worker restores a pause, a resume, a lowered limit and a rule of a tenant', async () => {
    await using world = await startForgetfulWorld();
    const settings = { store: world.store, archive: world.storage };
    await world.watch();
    await eventually(async () => expect((await world.store.findPauses()).revision).toBe(0));
    const unpaused = await world.server.copyData();
    await pauseByOperator(settings, 'by hand');
    await changeLimits(settings, { tasksAtProvider: 3 });
    await changeTenantRules(settings, 'acme', { withholdFlagged: true });
    const paused = await world.server.copyData();
    await world.goBack(unpaused);
    await world.untilCompared();
    expect(await world.store.pauses()).toMatchObject([{ kind: 'operator', reason: 'by hand' }]);
    expect(await world.store.readTasksAtProvider()).toMatchObject({ limit: 3 });
    expect(await world.store.findTenantRules('acme')).toEqual({ revision: 1, rules: { withholdFlagged: true } });
    await resumeByOperator(settings);
    await world.goBack(paused);
    await world.untilCompared();
    expect(await world.store.pauses()).toEqual([]);
  });

  test('a worker records a pause made while S3 was away, and restores it after Redis went back', async () => {
    await using world = await startForgetfulWorld();
    const putBack = await world.server.copyData();
    await world.store.pauseBuying({ kind: 'operator', reason: 'S3 is away', since: Date.now() });
    await world.watch();
    await eventually(async () => expect(await world.store.findPauses()).toMatchObject({ revision: 1, isRecorded: true }));
    await world.goBack(putBack);
    await world.untilCompared();
    expect(await world.store.pauses()).toMatchObject([{ kind: 'operator', reason: 'S3 is away' }]);
  });

  test('a worker records a cap and a limit lowered while S3 was away, and restores them after Redis went back', async () => {
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
    await world.store.restrictTenant('shop', { requireSafetyCheck: true });
    await expect(world.enqueue()).rejects.toMatchObject({ code: 'spend.cap-reached' });
    isAway = false;
    await eventually(async () => expect(await storage.findNewestSetting('limits')).toMatchObject({ after: { tasksAtProvider: 3 } }));
    await eventually(async () => expect(await storage.findNewestSetting('caps')).toMatchObject({ revision: 2, after: { allPerDay: 1 } }));
    const kept = () => storage.findNewestSetting('tenants', 'shop');
    await eventually(async () => expect(await kept()).toMatchObject({ by: 'redis', after: { requireSafetyCheck: true } }));
    await world.goBack(putBack);
    await world.untilCompared();
    expect(await world.store.findCaps()).toMatchObject({ revision: 2, caps: { allPerDay: 1 } });
    expect(await world.store.readTasksAtProvider()).toMatchObject({ limit: 3 });
    expect(await world.store.findTenantRules('shop')).toMatchObject({ rules: { requireSafetyCheck: true } });
  });

  test('a worker restores a pause within moments after its key was deleted', async () => {
    await using world = await startForgetfulWorld();
    await world.watch();
    await pauseByOperator({ store: world.store, archive: world.storage }, 'by hand');
    await world.redis.del('{darkroom}:buying-paused');
    await eventually(async () => expect(await world.store.pauses()).toMatchObject([{ kind: 'operator', reason: 'by hand' }]));
  });

  test('an older copy that is loaded into the running Redis gets the number of the format from the bucket before it is bought from', async () => {
    await using world = await startForgetfulWorld();
    const { redis, store, storage } = world;
    const owning = { store, archive: storage, prefix: '{darkroom}', createId: randomUUID };
    await storage.recordFormat(STORED_FORMAT, 0);
    const watch = await world.watch({ check: async () => void (await checkOwner(owning)) });
    await world.untilCompared();
    await eventually(async () => expect(await store.findCaps()).toMatchObject({ revision: 1 }));
    await redis.set('{darkroom}:format', '0');
    const keys = await redis.keys('*');
    const copy = await Promise.all(keys.map(async (key) => [key, await redis.dumpBuffer(key)] as const));
    const at = await redis.hget('{darkroom}:checkpoint', 'at');
    await redis.set('{darkroom}:format', String(STORED_FORMAT));
    await eventually(async () => expect(await redis.hget('{darkroom}:checkpoint', 'at')).not.toBe(at));
    // what loses it has been seen
    await store.readServerRun();
    const load = redis.multi().flushall();
    for (const [key, dump] of copy) load.restore(key, 0, dump ?? '');
    await load.exec();
    await world.untilCompared();
    expect(await redis.get('{darkroom}:format')).toBe(String(STORED_FORMAT));
    await watch.stop();
  });
});
