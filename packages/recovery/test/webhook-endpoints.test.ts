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
  expect(await restoreWebhookEndpoints(endpoints)).toEqual({ recorded: 1, broughtBack: 1 });
  expect(await notifications.listEndpoints('a:b|c')).toMatchObject([{ id: kept, revision: 3, status: 'disabled' }]);
  expect(await notifications.findEndpoint(deleted)).toMatchObject({ status: 'deleted', url: '' });
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
  expect(await restoreWebhookEndpoints(endpoints)).toEqual({ recorded: 1, broughtBack: 0 });
  expect(await world.redis.llen(list), 'an operator can look at it').toBe(1);
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
