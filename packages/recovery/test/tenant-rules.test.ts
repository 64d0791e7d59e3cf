import { buildSettingRecord } from '@darkroom/contracts';
import { buildErasingStore } from '@darkroom/generation-store';
import { beforeEach, describe, expect, test } from 'vitest';
import { changeTenantRules, restoreTenantRules, type KeptSettings } from '../src/index.ts';
import { startWorld, type World } from './world.ts';

let world: World;
let settings: KeptSettings;
beforeEach(async () => {
  world = await startWorld();
  settings = { store: world.store, archive: world.storage };
  return () => world.stop();
});

const rulesOf = (tenant: string) => world.store.findTenantRules(tenant);
const keyOf = (tenant: string): string => `${world.prefix}:tenant-rules:${tenant}`;

describe('the rules of a tenant', () => {
  test('apply to that tenant alone, as plain fields, and S3 keeps each change with what was before', async () => {
    expect(await rulesOf('acme')).toBeUndefined();
    expect(await changeTenantRules(settings, 'acme', { requireSafetyCheck: true, weight: 5 })).toMatchObject({ revision: 1 });
    expect(await changeTenantRules(settings, 'acme', { weight: 5 })).toMatchObject({ kind: 'unchanged', revision: 1 });
    expect(await changeTenantRules(settings, 'acme', { withholdFlagged: true, retainImagesDays: 30 })).toMatchObject({
      before: { requireSafetyCheck: true, weight: 5 },
      after: { requireSafetyCheck: true, withholdFlagged: true, weight: 5, retainImagesDays: 30 },
      revision: 2,
    });
    expect(await world.redis.hgetall(keyOf('acme'))).toEqual({
      revision: '2',
      requireSafetyCheck: '1',
      withholdFlagged: '1',
      weight: '5',
      retainImagesDays: '30',
    });
    await changeTenantRules(settings, 'acme', { requireSafetyCheck: null, weight: null, retainImagesDays: null });
    expect(await rulesOf('acme')).toEqual({ revision: 3, rules: { withholdFlagged: true } });
    expect(await rulesOf('acme2')).toBeUndefined();
    expect(await world.storage.findNewestSetting('tenants', 'acme')).toMatchObject({
      revision: 3,
      by: 'operator',
      before: { requireSafetyCheck: true, withholdFlagged: true },
      after: { withholdFlagged: true },
    });
  });

  test.each(['a:b|c', '.', '..', 'A+b', 'x'.repeat(128)])('come back from S3 after Redis lost them (tenant "%s")', async (tenant) => {
    await changeTenantRules(settings, tenant, { withholdFlagged: true });
    await changeTenantRules(settings, 'other', { weight: 100 });
    await world.wipe();
    expect((await restoreTenantRules(settings)).toSorted()).toEqual([tenant, 'other'].toSorted());
    expect(await rulesOf(tenant)).toEqual({ revision: 1, rules: { withholdFlagged: true } });
    expect((await world.store.listTenantsWithRules()).toSorted()).toEqual([tenant, 'other'].toSorted());
    expect(await restoreTenantRules(settings)).toEqual([]);
  });

  test('are those of S3 after Redis went back, and damaged ones are replaced', async () => {
    await changeTenantRules(settings, 'acme', { withholdFlagged: true });
    const older = await world.redis.hgetall(keyOf('acme'));
    await changeTenantRules(settings, 'acme', { requireSafetyCheck: true, weight: 7 });
    const newest = { revision: 2, rules: { withholdFlagged: true, requireSafetyCheck: true, weight: 7 } };
    const damages = [
      async () => void (await world.redis.del(keyOf('acme')), await world.redis.hset(keyOf('acme'), older)),
      async () => void (await world.redis.del(keyOf('acme')), await world.redis.set(keyOf('acme'), 'text')),
      () => world.redis.hset(keyOf('acme'), 'weight', 'heavy'),
      () => world.redis.set(`${world.prefix}:tenants-with-rules`, 'text').then(() => world.redis.del(keyOf('acme'))),
    ];
    for (const damage of damages) {
      await damage();
      expect(await restoreTenantRules(settings)).toEqual(['acme']);
      expect(await rulesOf('acme')).toEqual(newest);
    }
  });

  test('all hold when two operators change them at once', async () => {
    await Promise.all([
      changeTenantRules(settings, 'acme', { withholdFlagged: true }),
      changeTenantRules(settings, 'acme', { requireSafetyCheck: true }),
    ]);
    expect(await rulesOf('acme')).toEqual({ revision: 2, rules: { requireSafetyCheck: true, withholdFlagged: true } });
  });

  test('are not taken from a record of another tenant', async () => {
    const record = buildSettingRecord('tenants', { revision: 1, at: 0, before: null, after: { withholdFlagged: true } }, 'acme');
    await world.plant('settings/tenants/other/1.json', JSON.stringify(record));
    const damaged: string[] = [];
    await restoreTenantRules(settings, (tenant) => damaged.push(tenant));
    expect(damaged).toEqual(['other']);
    expect(await rulesOf('other')).toEqual({ isDamaged: true, rules: { requireSafetyCheck: true, withholdFlagged: true } });
  });

  test('stop no other tenant if their newest change in S3 is damaged: the strictest hold until they are named anew', async () => {
    await changeTenantRules(settings, 'acme', { weight: 3, retainImagesDays: 9 });
    await changeTenantRules(settings, 'other', { weight: 2 });
    await world.plant('settings/tenants/acme/2.json', 'no json');
    await world.wipe();
    await world.begin();
    const damaged: unknown[] = [];
    const restore = () => restoreTenantRules(settings, (tenant, error) => damaged.push([tenant, (error as Error).message]));
    expect(await restore()).toEqual(['other']);
    expect(damaged).toEqual([['acme', expect.stringContaining('settings/tenants/acme/2.json')]]);
    expect(await rulesOf('acme')).toEqual({ isDamaged: true, rules: { requireSafetyCheck: true, withholdFlagged: true } });
    expect(await rulesOf('other')).toMatchObject({ rules: { weight: 2 } });
    await expect(world.store.enqueue(world.newGeneration())).rejects.toMatchObject({ problems: [{ path: 'safety.checkContent' }] });
    expect((await buildErasingStore({ prefix: world.prefix }, world.redis).readKeptDays())?.get('acme'), 'nothing of it goes').toEqual({
      requests: Infinity,
      images: Infinity,
    });
    // Each look names it again, and asks S3 again.
    await restore();
    expect(damaged).toHaveLength(2);
    // Without the retention of the tenant the general one would apply, and could delete what its own kept.
    await expect(changeTenantRules(settings, 'acme', { weight: 5, retainRequestsDays: null })).rejects.toMatchObject({
      code: 'storage.corrupt-record',
      message: expect.stringContaining('retainImagesDays cannot be read and must be named too'),
      reached: 'no',
    });
    const named = { requireSafetyCheck: null, weight: 5, retainRequestsDays: null, retainImagesDays: 9 };
    expect(await changeTenantRules(settings, 'acme', named)).toMatchObject({
      kind: 'changed',
      after: { withholdFlagged: true, weight: 5, retainImagesDays: 9 },
      revision: 3,
    });
    expect(await rulesOf('acme')).toEqual({ revision: 3, rules: { withholdFlagged: true, weight: 5, retainImagesDays: 9 } });
    expect(await restore()).toEqual([]);
    expect(damaged).toHaveLength(2);
  });

  test('keep the retention that Redis has read when their newest change in S3 is damaged', async () => {
    await changeTenantRules(settings, 'acme', { retainRequestsDays: 30, retainImagesDays: 3650 });
    await world.plant('settings/tenants/acme/2.json', 'no json');
    await restoreTenantRules(settings);
    expect(await changeTenantRules(settings, 'acme', { weight: 2 })).toMatchObject({
      kind: 'changed',
      after: { weight: 2, retainRequestsDays: 30, retainImagesDays: 3650 },
    });
  });

  test('of a later version are replaced by no earlier one, and Redis keeps what it has', async () => {
    await changeTenantRules(settings, 'acme', { weight: 3 });
    await world.plant('settings/tenants/acme/2.json', JSON.stringify({ version: 99 }));
    await restoreTenantRules(settings);
    await expect(changeTenantRules(settings, 'acme', { weight: 5 })).rejects.toThrow(/a later Darkroom wrote it/);
    expect((await rulesOf('acme'))?.rules).toEqual({ weight: 3 });
  });

  test('are not switched off while Redis is not compared with S3', async () => {
    await changeTenantRules(settings, 'acme', { withholdFlagged: true });
    const recovering: KeptSettings = {
      ...settings,
      store: { ...world.store, readServerRun: () => Promise.resolve({ run: '', isOpen: true, isRecovering: true, memory: '' }) },
    };
    expect(await changeTenantRules(recovering, 'acme', { withholdFlagged: null })).toMatchObject({ kind: 'recovering' });
    expect(await changeTenantRules(recovering, 'acme', { requireSafetyCheck: true })).toMatchObject({ kind: 'changed', revision: 2 });
  });
});

describe('a rule that is switched on while S3 is away', () => {
  test('holds at once, is recorded once, and the marks of it are gone then', async () => {
    await changeTenantRules(settings, 'acme', { weight: 3 });
    expect(await world.store.restrictTenant('acme', { withholdFlagged: true, weight: 9 })).toBe(true);
    expect(await world.store.restrictTenant('acme', { withholdFlagged: true, requireSafetyCheck: null })).toBe(false);
    expect(await rulesOf('acme')).toEqual({ revision: 1, rules: { withholdFlagged: true, weight: 3 } });
    expect(await world.store.lookAtSettings(60_000)).toMatchObject({ isRestricted: true });
    expect(await restoreTenantRules(settings)).toEqual(['acme']);
    expect(await world.storage.findNewestSetting('tenants', 'acme')).toMatchObject({
      revision: 2,
      by: 'redis',
      before: { weight: 3 },
      after: { withholdFlagged: true, weight: 3 },
    });
    expect(await world.store.lookAtSettings(60_000)).toMatchObject({ isRestricted: false });
    expect(await restoreTenantRules(settings)).toEqual([]);
  });

  test('holds although Redis lost what was before, and for a tenant without rules', async () => {
    await changeTenantRules(settings, 'acme', { weight: 3 });
    await world.store.restrictTenant('acme', { requireSafetyCheck: true });
    await world.store.restrictTenant('acme-unrecorded', { withholdFlagged: true });
    await world.redis.del(keyOf('acme'));
    expect((await restoreTenantRules(settings)).toSorted()).toEqual(['acme', 'acme-unrecorded']);
    expect(await rulesOf('acme')).toEqual({ revision: 2, rules: { requireSafetyCheck: true, weight: 3 } });
    expect(await rulesOf('acme-unrecorded')).toEqual({ revision: 1, rules: { withholdFlagged: true } });
  });

  test('and that an operator switched off since is not switched on by a Redis that went back', async () => {
    await world.store.restrictTenant('acme', { withholdFlagged: true });
    const [entry = ''] = await world.redis.lrange(`${keyOf('acme')}~unrecorded`, 0, -1);
    await restoreTenantRules(settings);
    await changeTenantRules(settings, 'acme', { withholdFlagged: null });
    const later = buildSettingRecord('tenants', { revision: 3, at: Date.now() + 3_600_000, before: {}, after: { weight: 2 } }, 'acme');
    await world.storage.recordSetting(later);
    await world.redis.rpush(`${keyOf('acme')}~unrecorded`, entry);
    await world.redis.sadd(`${world.prefix}:tenants-restricted`, 'acme');
    expect(await restoreTenantRules(settings)).toEqual(['acme']);
    expect(await rulesOf('acme')).toEqual({ revision: 3, rules: { weight: 2 } });
    expect(await world.store.lookAtSettings(60_000)).toMatchObject({ isRestricted: false });
  });
});
