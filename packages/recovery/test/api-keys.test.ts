import { mintApiKey, StorageError } from '@darkroom/contracts';
import { beforeEach, expect, test } from 'vitest';
import { createApiKey, keepApiKey, restoreApiKeys, revokeApiKey, type KeptApiKeys } from '../src/index.ts';
import { startWorld, type World } from './world.ts';

const key = { tenant: 'acme', scopes: ['read' as const, 'write' as const], name: 'shop "7" "revokedAt":' };

let world: World;
let keys: KeptApiKeys;
beforeEach(async () => {
  world = await startWorld();
  keys = { store: world.store, archive: world.storage };
  return () => world.stop();
});

const away = (): Promise<never> => Promise.reject(new StorageError('storage.unavailable', 'S3 is away', { reached: 'no' }));
const withoutS3 = (): KeptApiKeys => ({ ...keys, archive: { recordApiKey: away, listApiKeyRevisions: away, readApiKey: away } });
const loseRedis = async (): Promise<unknown> => {
  const names = await world.redis.keys(`${world.prefix}:api-key*`);
  return names.length === 0 ? 0 : world.redis.del(...names);
};

test('a key opens its tenant once S3 has it, and nothing of it but its hash is kept', async () => {
  const { id, text, hash } = await createApiKey(keys, 'live', key);
  expect(await world.store.useApiKey(id)).toMatchObject({ ...key, hash });
  expect(await world.storage.readApiKey(id, 1)).toMatchObject({ kind: 'keys', revision: 1, after: { ...key, hash } });
  const stored = JSON.stringify([await world.store.listApiKeys(), await world.storage.readApiKey(id, 1)]);
  expect(stored).not.toContain(text.slice(20, 40));
});

test('a key of any name and tenant is recorded', async () => {
  const { id } = await createApiKey(keys, 'live', { ...key, name: 'NOW', tenant: 'NOW' });
  expect(await world.store.useApiKey(id)).toMatchObject({ name: 'NOW', tenant: 'NOW' });
  expect(await restoreApiKeys(keys)).toEqual({ recorded: 0, broughtBack: 0 });
});

test('a key that S3 has not taken opens nothing until a worker has recorded it', async () => {
  const minted = mintApiKey('live');
  await expect(keepApiKey(withoutS3(), minted, key)).rejects.toMatchObject({ code: 'storage.unavailable' });
  expect(await world.store.useApiKey(minted.id)).toBeUndefined();
  expect(await world.store.findApiKey(minted.id)).toMatchObject({ isRecorded: false });
  expect(await restoreApiKeys(keys)).toEqual({ recorded: 1, broughtBack: 0 });
  expect(await world.store.useApiKey(minted.id)).toMatchObject(key);
  expect(await restoreApiKeys(keys)).toEqual({ recorded: 0, broughtBack: 0 });
});

test('a revoked key opens nothing at once, S3 or not, and stays so', async () => {
  const { id } = await createApiKey(keys, 'live', key);
  await expect(revokeApiKey(withoutS3(), id)).rejects.toMatchObject({ code: 'storage.unavailable' });
  expect(await world.store.useApiKey(id)).toBeUndefined();
  expect(await restoreApiKeys(keys)).toEqual({ recorded: 1, broughtBack: 0 });
  expect((await world.storage.readApiKey(id, 2)).after.revokedAt).toBeGreaterThan(0);
  expect(await revokeApiKey(keys, id)).toBe('revoked-before');
  expect(await revokeApiKey(keys, 'AAAAAAAA')).toBeUndefined();
});

test('a Redis that lost its memory gets all keys back, the revoked ones revoked', async () => {
  const [kept, ended] = [await createApiKey(keys, 'live', key), await createApiKey(keys, 'live', key)];
  await revokeApiKey(keys, ended.id);
  await loseRedis();
  expect(await restoreApiKeys(keys)).toEqual({ recorded: 0, broughtBack: 2 });
  expect(await world.store.useApiKey(kept.id)).toMatchObject({ hash: kept.hash });
  expect(await world.store.useApiKey(ended.id)).toBeUndefined();
});

test('a Redis that went back behind a revocation hears of it, and a second one gets a revision of its own', async () => {
  const { id } = await createApiKey(keys, 'live', key);
  const before = await world.redis.hgetall(`${world.prefix}:api-key:${id}`);
  await revokeApiKey(keys, id);
  await world.redis.hset(`${world.prefix}:api-key:${id}`, before);
  expect(await world.store.useApiKey(id)).toMatchObject(key);
  expect(await revokeApiKey(keys, id)).toBe('revoked');
  expect(await world.store.findApiKey(id)).toMatchObject({ revision: 3, isRecorded: true });
  expect(await world.store.useApiKey(id)).toBeUndefined();
  await world.redis.hset(`${world.prefix}:api-key:${id}`, before);
  await restoreApiKeys(keys);
  expect(await world.store.useApiKey(id)).toBeUndefined();
});

test('a Redis that goes back before S3 has a new key, or a revocation, is told again', async () => {
  let isLost = false;
  /** Makes a change that the first Redis forgets. */
  const forgotten = async <Value>(change: () => Promise<Value>): Promise<Value> => {
    if (isLost) return change();
    isLost = true;
    const names = await world.redis.keys(`${world.prefix}:*`);
    const before = await Promise.all(names.map(async (name) => [name, await world.redis.dumpBuffer(name)] as const));
    const reply = await change();
    await world.redis.del(...(await world.redis.keys(`${world.prefix}:*`)));
    for (const [name, value] of before) await world.redis.restore(name, 0, value);
    return reply;
  };
  const { addApiKey, revokeApiKey: revoke } = world.store;
  const losing: KeptApiKeys = {
    ...keys,
    store: {
      ...world.store,
      addApiKey: (...given) => forgotten(() => addApiKey(...given)),
      revokeApiKey: (id) => forgotten(() => revoke(id)),
    },
  };
  const { id } = await createApiKey(losing, 'live', key);
  expect(await world.store.useApiKey(id)).toMatchObject(key);
  isLost = false;
  expect(await revokeApiKey(losing, id)).toBe('revoked');
  expect(await world.store.findApiKey(id)).toMatchObject({ isRecorded: true, revokedAt: expect.any(Number) });
});

test('a damaged key keeps no other one from its owner', async () => {
  const [damaged, good] = [await createApiKey(keys, 'live', key), await createApiKey(keys, 'live', key)];
  await loseRedis();
  await world.redis.set(`${world.prefix}:api-key:${good.id}`, 'of another type');
  const readApiKey: KeptApiKeys['archive']['readApiKey'] = (id, revision) =>
    id === damaged.id ? away() : world.storage.readApiKey(id, revision);
  const archive = {
    readApiKey,
    recordApiKey: world.storage.recordApiKey,
    listApiKeyRevisions: world.storage.listApiKeyRevisions,
  };
  await expect(restoreApiKeys({ store: world.store, archive })).rejects.toMatchObject({ code: 'storage.unavailable' });
  expect(await world.store.useApiKey(good.id)).toMatchObject(key);
});

test('a key tells the minute of its last use', async () => {
  const { id } = await createApiKey(keys, 'live', key);
  expect(await world.store.findApiKey(id)).not.toHaveProperty('lastUsedAt');
  await world.store.useApiKey(id);
  const { lastUsedAt = 0 } = (await world.store.findApiKey(id)) ?? {};
  expect(lastUsedAt).toBeGreaterThan(0);
  await world.store.useApiKey(id);
  expect(await world.store.findApiKey(id)).toMatchObject({ lastUsedAt });
});

test('a damaged change keeps no other from S3, and a damaged key comes back and hides no other', async () => {
  await expect(keepApiKey(withoutS3(), mintApiKey('live'), key)).rejects.toMatchObject({ code: 'storage.unavailable' });
  const list = `${world.prefix}:api-keys-unrecorded`;
  await world.redis.lset(list, 0, '{');
  const [one, other] = [await createApiKey(keys, 'live', key), await createApiKey(keys, 'live', key)];
  expect(await world.redis.lrange(list, 0, -1)).toEqual([]);
  expect(await world.redis.lrange(`${world.prefix}:api-keys-unreadable`, 0, -1), 'an operator can look at it').toEqual(['{']);
  await world.redis.hset(`${world.prefix}:api-key:${one.id}`, 'value', '{');
  const listed = async (): Promise<string[]> => (await world.store.listApiKeys()).map(({ id }) => id);
  expect(await listed()).not.toContain(one.id);
  expect(await listed()).toContain(other.id);
  expect(await restoreApiKeys(keys)).toEqual({ recorded: 0, broughtBack: 1 });
  expect(await listed()).toEqual(expect.arrayContaining([one.id, other.id]));
});
