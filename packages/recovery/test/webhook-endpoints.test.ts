import { createEndpointId, type WebhookEndpoint } from '@darkroom/contracts';
import { buildNotificationStore, type NotificationStore } from '@darkroom/generation-store';
import { beforeEach, expect, test } from 'vitest';
import { restoreWebhookEndpoints, type KeptEndpoints } from '../src/index.ts';
import { startWorld, type World } from './world.ts';

let world: World;
let endpoints: KeptEndpoints;
let notifications: NotificationStore;
beforeEach(async () => {
  world = await startWorld();
  await world.begin();
  endpoints = { store: world.store, archive: world.storage };
  notifications = buildNotificationStore({ prefix: world.prefix }, world.redis);
  return () => world.stop();
});

const value = (change: Partial<WebhookEndpoint> = {}): WebhookEndpoint => ({
  tenant: 'a:b|c',
  url: 'https://app.example/hook',
  types: ['generation.succeeded'],
  status: 'enabled',
  secretVersion: 1,
  createdAt: 7,
  ...change,
});
const change = (id: string, known: number, after: WebhookEndpoint, most = 20) =>
  notifications.changeEndpoint({ id, known, value: after, most });

test('a new endpoint gets something once S3 has it, a change that stops sending holds at once', async () => {
  const id = createEndpointId();
  expect(await change(id, 0, value())).toBe('changed');
  expect(await notifications.findEndpoint(id)).toMatchObject({ revision: 1, isRecorded: false });
  expect(await notifications.listReceiving('a:b|c')).toEqual([]);
  expect(await restoreWebhookEndpoints(endpoints)).toEqual({ recorded: 1, broughtBack: 0 });
  expect(await notifications.listReceiving('a:b|c')).toMatchObject([{ id, url: 'https://app.example/hook' }]);
  expect(await notifications.findEndpoint(id)).toMatchObject({ isRecorded: true });

  expect(await change(id, 1, value({ status: 'disabled', disabledFor: 'caller' }))).toBe('changed');
  expect(await notifications.listReceiving('a:b|c')).toEqual([]);
  await restoreWebhookEndpoints(endpoints);
  expect(await world.storage.findNewestSetting('endpoints', id)).toMatchObject({ revision: 2, after: { status: 'disabled' } });
  expect(await change(id, 1, value()), 'on top of an earlier revision').toBe('changed-by-another');
});

test('the later one holds of an enable and a disable that S3 does not have yet', async () => {
  const id = createEndpointId();
  await change(id, 0, value());
  await change(id, 1, value({ url: 'https://app.example/second' }));
  await change(id, 2, value({ status: 'disabled' }));
  await restoreWebhookEndpoints(endpoints);
  expect(await notifications.findEndpointInForce(id)).toMatchObject({ status: 'disabled' });
  expect(await notifications.findEndpoint(id)).toMatchObject({ revision: 3, isRecorded: true });
});

test('after Redis lost its memory all endpoints are back, deleted ones as deleted, and a change gets the next number', async () => {
  const [kept, deleted] = [createEndpointId(), createEndpointId()];
  await change(kept, 0, value());
  await change(deleted, 0, value());
  await change(kept, 1, value({ secretVersion: 2, oldSecretUntil: 99 }));
  await change(deleted, 1, value({ status: 'deleted', url: '' }));
  await restoreWebhookEndpoints(endpoints);
  await world.wipe();
  expect(await notifications.listEndpoints('a:b|c')).toEqual([]);
  expect(await change(createEndpointId(), 0, value()), 'while Redis may have forgotten one').toBe('recovering');
  // made where Redis knows nothing of the first two revisions
  expect(await change(kept, 0, value({ status: 'disabled' }))).toBe('changed');
  expect(await restoreWebhookEndpoints(endpoints)).toEqual({ recorded: 1, broughtBack: 0 });
  expect(await notifications.listEndpoints('a:b|c')).toMatchObject([{ id: kept, revision: 3, status: 'disabled' }]);
  expect(await notifications.findEndpoint(deleted), 'S3 names it as deleted, and nothing of it is read').toBeUndefined();
});

const ttlOf = (id: string) => world.redis.ttl(`${world.prefix}:webhook-endpoint:${id}`);
const namedInRedis = async (): Promise<string[]> => [
  ...(await world.redis.smembers(`${world.prefix}:webhook-endpoints`)),
  ...(await notifications.listEndpoints('a:b|c')).map(({ id }) => id),
];

test('a deleted endpoint leaves Redis, is not read again, and does not come back with a Redis that went back', async () => {
  const id = createEndpointId();
  await change(id, 0, value());
  await restoreWebhookEndpoints(endpoints);
  const before = await world.redis.dumpBuffer(`${world.prefix}:webhook-endpoint:${id}`);
  await change(id, 1, value({ status: 'deleted', url: '' }));
  await restoreWebhookEndpoints(endpoints);
  expect(await namedInRedis()).toEqual([]);
  expect(await ttlOf(id)).toBeGreaterThan(86_000);
  await world.redis.del(`${world.prefix}:webhook-endpoint:${id}`);
  const looks: string[] = [];
  const archive = {
    ...endpoints.archive,
    findNewestSetting: (kind: 'endpoints', of?: string) => (looks.push(String(of)), world.storage.findNewestSetting(kind, of)),
  } as KeptEndpoints['archive'];
  expect(await restoreWebhookEndpoints({ ...endpoints, archive })).toEqual({ recorded: 0, broughtBack: 0 });
  expect(looks).toEqual([]);
  await world.redis.restore(`${world.prefix}:webhook-endpoint:${id}`, 0, before);
  await world.redis.sadd(`${world.prefix}:webhook-endpoints:a~3ab~7cc`, id);
  expect(await restoreWebhookEndpoints(endpoints)).toEqual({ recorded: 0, broughtBack: 1 });
  expect(await notifications.listReceiving('a:b|c')).toEqual([]);
  expect(await namedInRedis()).toEqual([]);
});

test('an endpoint that an earlier version deleted leaves Redis with the next comparison, and S3 then names it as deleted', async () => {
  const id = createEndpointId();
  await change(id, 0, value());
  await change(id, 1, value({ status: 'deleted', url: '' }));
  const archive = { ...endpoints.archive, markSettingEnded: async () => undefined };
  await restoreWebhookEndpoints({ ...endpoints, archive });
  await world.redis.persist(`${world.prefix}:webhook-endpoint:${id}`);
  await world.redis.sadd(`${world.prefix}:webhook-endpoints`, id);
  expect(await restoreWebhookEndpoints(endpoints)).toEqual({ recorded: 0, broughtBack: 1 });
  expect([await namedInRedis(), await ttlOf(id)]).toEqual([[], 86_400]);
  expect(await restoreWebhookEndpoints(endpoints)).toEqual({ recorded: 0, broughtBack: 0 });
});

test('Redis is asked once for some hundred endpoints', async () => {
  let asked = 0;
  const listed = Array.from({ length: 1200 }, () => ({ id: createEndpointId(), revision: 2, isEnded: true }));
  const store = {
    ...endpoints.store,
    readKnownEndpoints: (ids: readonly string[]) => ((asked += 1), world.store.readKnownEndpoints(ids)),
  };
  const archive = {
    ...endpoints.archive,
    async *listSettings() {
      yield* listed;
    },
  };
  expect(await restoreWebhookEndpoints({ store, archive })).toEqual({ recorded: 0, broughtBack: 0 });
  expect(asked).toBe(3);
});

test('a change that no process can read is put aside, and those behind it are recorded', async () => {
  const [one, two] = [createEndpointId(), createEndpointId()];
  const list = `${world.prefix}:webhook-endpoints-unrecorded`;
  await world.redis.rpush(list, '{', JSON.stringify({ version: 2, kind: 'endpoints' }));
  await change(one, 0, value());
  await change(two, 0, value());
  expect(await restoreWebhookEndpoints(endpoints)).toEqual({ recorded: 2, broughtBack: 0 });
  expect(await notifications.listReceiving('a:b|c')).toHaveLength(2);
  expect(await world.store.countUnreadableChanges()).toEqual({ apiKeys: 0, endpoints: 2 });
  expect(await world.redis.llen(list)).toBe(0);
});

test('an endpoint that cannot be read keeps no other from its notifications, its list and its count', async () => {
  const [damaged, later, good, off] = Array.from({ length: 4 }, () => createEndpointId()) as [string, string, string, string];
  for (const id of [damaged, later, good]) await change(id, 0, value());
  await change(off, 0, value({ status: 'disabled', disabledFor: 'failing' }));
  await restoreWebhookEndpoints(endpoints);
  await world.redis.set(`${world.prefix}:webhook-endpoint:${damaged}`, 'of another type');
  const ofLater = JSON.stringify({ ...value(), types: ['generation.painted'] });
  await world.redis.hset(`${world.prefix}:webhook-endpoint:${later}`, { value: ofLater, inForce: ofLater });
  const told: string[] = [];
  const receiving = await notifications.listReceiving('a:b|c', (id) => void told.push(id));
  // nothing tells what an unreadable one wants
  expect(receiving.filter(({ types }) => types !== undefined).map(({ id }) => id)).toEqual([good]);
  expect(receiving.map(({ id }) => id).toSorted()).toEqual([damaged, later, good].toSorted());
  expect(told.toSorted()).toEqual([damaged, later].toSorted());
  expect((await notifications.listEndpoints('a:b|c')).map(({ id }) => id).toSorted()).toEqual([good, off].toSorted());
  expect(await notifications.countEndpoints()).toEqual({ disabled: { failing: 1 }, unreadable: 2 });
});

test('an endpoint with a damaged record keeps no other from coming back', async () => {
  const [damaged, good] = [createEndpointId(), createEndpointId()].toSorted();
  for (const id of [damaged!, good!]) await change(id, 0, value());
  await restoreWebhookEndpoints(endpoints);
  await world.redis.hset(`${world.prefix}:webhook-endpoint:${damaged}`, 'value', '{');
  await world.redis.set(`${world.prefix}:webhook-endpoint:${good}`, 'of another type');
  expect(await restoreWebhookEndpoints(endpoints)).toEqual({ recorded: 0, broughtBack: 2 });
  expect(await notifications.listReceiving('a:b|c')).toHaveLength(2);
});

test('a damaged change keeps no other from S3, and a damaged endpoint hides none', async () => {
  const [damaged, good] = [createEndpointId(), createEndpointId()];
  await change(damaged, 0, value());
  const list = `${world.prefix}:webhook-endpoints-unrecorded`;
  await world.redis.lset(list, 0, '{"version":1,"kind":"endpoints"');
  await change(good, 0, value());
  const before = await world.store.countUnreadableChanges();
  expect(await restoreWebhookEndpoints(endpoints)).toEqual({ recorded: 1, broughtBack: 0 });
  expect(await world.store.countUnreadableChanges(), 'an operator can look at it').toEqual({ ...before, endpoints: before.endpoints + 1 });
  await world.redis.set(`${world.prefix}:webhook-endpoint:${damaged}`, 'of another type');
  expect(await notifications.listEndpoints('a:b|c')).toMatchObject([{ id: good }]);
  expect(await notifications.listReceiving('a:b|c')).toEqual(
    expect.arrayContaining([{ id: damaged }, expect.objectContaining({ id: good, types: ['generation.succeeded'] })]),
  );
});

test('a tenant has a bounded number of endpoints', async () => {
  for (let n = 0; n < 3; n += 1) expect(await change(createEndpointId(), 0, value(), 3)).toBe('changed');
  expect(await change(createEndpointId(), 0, value(), 3)).toBe('too-many');
});

test('a tenant changes its endpoints so many times in a day, and may stop what is sent all the same', async () => {
  const id = createEndpointId();
  const few = (known: number, after: WebhookEndpoint) =>
    notifications.changeEndpoint({ id, known, value: after, most: 20, mostChanges: 2 });
  expect([await few(0, value()), await few(1, value({ secretVersion: 2 }))]).toEqual(['changed', 'changed']);
  expect(await few(2, value({ secretVersion: 3 }))).toBe('too-often');
  expect(await few(2, value({ status: 'disabled' }))).toBe('changed');
  expect(await few(3, value({ status: 'disabled', description: 'again' })), 'nothing was sent before').toBe('too-often');
  expect(await few(3, value({ status: 'deleted', url: '' }))).toBe('changed');
  expect(await world.redis.ttl(`${world.prefix}:webhook-endpoints:a~3ab~7cc:changes`)).toBeGreaterThan(86_000);
});
