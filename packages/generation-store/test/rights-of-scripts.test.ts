import type { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import {
  aclRulesOf,
  buildErasingStore,
  buildGenerationStore,
  redisRights,
  type GenerationStore,
  type RedisProcess,
  type RedisRights,
} from '../src/index.ts';
import { readNode } from '../src/connection/find-other-node.ts';
import { connectAs } from './connect-as.ts';
import { endedForGood, newGeneration, retention, setup, type World } from './world.ts';

/** The store as the user of a process, and what Redis has refused to that user. */
async function storeAs(
  process: RedisProcess,
  { prefix, redis: admin }: World,
  rights: RedisRights = redisRights[process],
): Promise<{ store: GenerationStore; redis: Redis; refused(): Promise<unknown[]> }> {
  const user = `${process}${prefix.replaceAll(/\W/g, '')}`;
  const redis = await connectAs(admin, user, aclRulesOf(rights, prefix));
  const store = buildGenerationStore({ prefix, retention, pollRate: { perSecond: 1, burst: 1 } }, redis);
  const refused = async (): Promise<unknown[]> => ((await admin.call('ACL', 'LOG')) as unknown[][]).filter((entry) => entry.includes(user));
  return { store, redis, refused };
}

test('a producer enqueues, reads and cancels with its rights alone', async () => {
  await using world = await setup();
  const { store, refused } = await storeAs('producer', world);
  const generation = newGeneration(2, { idempotencyKey: 'one' });
  expect(await store.enqueue(generation)).toMatchObject({ kind: 'created' });
  expect(await store.enqueue(generation)).toMatchObject({ kind: 'exists' });
  expect(await store.enqueue(newGeneration(2, { idempotencyKey: 'one' }))).toMatchObject({ kind: 'replayed' });
  const later = newGeneration(1, { runAt: Date.now() + 60_000 });
  await store.enqueue(later);
  expect(await store.find(generation.generationId)).toMatchObject({ status: 'queued' });
  // What was sent stays open; the other one retires the record.
  await world.send({ generationId: generation.generationId, index: 0, n: 1 });
  expect(await store.cancel(generation.generationId)).toBe('cancelled');
  expect(await store.cancel(later.generationId)).toBe('cancelled');
  expect(await refused()).toEqual([]);
});

test('a receiver keeps deliveries of open, ended and unknown submissions with its rights alone', async () => {
  await using world = await setup();
  const { store, refused } = await storeAs('receiver', world);
  const [ref] = await world.enqueue();
  await world.send(ref);
  expect(await store.recordDelivery(ref, { body: 'first' })).toMatchObject({ kind: 'recorded' });
  await world.store.settle(ref, endedForGood(ref, 'succeeded'));
  expect(await store.recordDelivery(ref, { body: 'late' })).toMatchObject({ kind: 'recorded', status: 'succeeded' });
  expect(await store.recordDelivery(ref, { body: 'late' })).toMatchObject({ kind: 'duplicate' });
  const stranger = { generationId: newGeneration().generationId, index: 0, n: 1 };
  expect(await store.recordDelivery(stranger, { body: 'x' })).toMatchObject({ kind: 'unknown-submission' });
  expect(await refused()).toEqual([]);
});

test('a producer asks for an erasure, and the eraser ends it, each with its rights alone', async () => {
  await using world = await setup();
  const producer = await storeAs('producer', world);
  const eraser = await storeAs('eraser', world);
  const [ref] = await world.enqueue(1, { idempotencyKey: 'one', tags: ['secret'] });
  const { generationId } = ref;
  await world.send(ref);
  await world.store.recordDelivery(ref, { body: 'the only delivery' });
  await world.store.recordDelivery({ ...ref, n: 2 }, { body: 'an unclaimed one' });
  await expect(producer.store.requestErasure(generationId, false)).rejects.toMatchObject({ code: 'generation.open' });
  await world.store.settle(ref, endedForGood(ref, 'succeeded'));
  expect(await producer.store.requestErasure(generationId, false)).toMatchObject({ retries: [] });
  const erasing = buildErasingStore(world, eraser.redis);
  expect(await erasing.countErasures()).toBe(1);
  const [due] = await erasing.readDueErasures(10);
  if (due === undefined) throw new Error('nothing is due');
  const sweep = { due, tenant: 'acme', outline: due.known?.outline, erasedAt: 1, keepsImages: false, sweptUntil: due.now };
  await erasing.endSweep({ ...sweep, againAt: due.now });
  const [again] = await erasing.readDueErasures(10);
  if (again === undefined) throw new Error('nothing is due');
  await erasing.endSweep({ ...sweep, due: again, againAt: undefined });
  expect(await erasing.readDueErasures(10)).toEqual([]);
  await expect(producer.store.find(generationId)).rejects.toMatchObject({ code: 'generation.erased' });
  expect(await producer.store.findErasure(generationId)).toMatchObject({ erasedAt: 1 });
  expect((await producer.store.list({ tag: 'secret' }, 10)).generations).toEqual([]);
  expect(JSON.stringify(await world.keyspace())).not.toMatch(/a red door|the only delivery|an unclaimed one/);
  await producer.store.requestErasure(newGeneration().generationId, false);
  const [stranger] = await erasing.readDueErasures(10);
  if (stranger !== undefined) await erasing.dropErasure(stranger);
  expect(await erasing.countErasures()).toBe(0);
  expect(await eraser.refused()).toEqual([]);
  expect(await producer.refused()).toEqual([]);
});

/** Keys that came with rebuilds that open a store before everything is read. */
const READING_KEYS = new Set(['reading', 'unread', 'unread-money']);

test('a producer with the rights of an earlier version goes on, and finds a store closed that a rebuild still reads', async () => {
  await using world = await setup();
  const { redis: admin, prefix } = world;
  const grants = redisRights.producer.grants.map(({ commands, keys }) => ({
    commands,
    keys: keys.filter((key) => !READING_KEYS.has(key)),
  }));
  const { store, redis } = await storeAs('producer', world, {
    ...redisRights.producer,
    grants: grants.filter(({ keys }) => keys.length > 0),
  });
  const generation = newGeneration(1, { idempotencyKey: 'one' });
  expect(await store.enqueue(generation)).toMatchObject({ kind: 'created' });
  expect(await store.find(generation.generationId)).toMatchObject({ status: 'queued' });
  expect(await store.find(newGeneration().generationId)).toBeUndefined();
  expect(await readNode(redis, prefix)).toMatchObject({ holdsStore: true });
  await admin.del(`${prefix}:epoch`);
  await admin.hset(`${prefix}:reading`, 'epoch', 'an epoch');
  await expect(store.enqueue(newGeneration())).rejects.toMatchObject({ code: 'store.not-initialised' });
  expect(await readNode(redis, prefix)).toMatchObject({ holdsStore: false });
  expect(await readNode(admin, prefix)).toMatchObject({ holdsStore: true });
});
