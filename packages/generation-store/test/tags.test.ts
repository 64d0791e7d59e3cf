import { expect, test } from 'vitest';
import { digestOfTag } from '../src/enqueue/new-generation.ts';
import { buildReconcileStore } from '../src/index.ts';
import { ended, setup } from './world.ts';

const labels = { tags: ['summer', 'for alice'], metadata: { user: 'alice' } };

test('the words stand beside the request alone, and end with the entry', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue(1, labels);
  const { generationId } = ref;
  const isNamed = Object.entries(await world.keyspace()).filter((each) => JSON.stringify(each).includes('alice'));
  expect(isNamed.map(([key]) => key)).toEqual([`${world.prefix}:generation:${generationId}:request`]);
  await world.send(ref);
  await world.store.settle(ref, ended(ref, 'succeeded'));
  expect(await world.redis.ttl(`${world.prefix}:generation:${generationId}:request`)).toBeGreaterThan(0);
  expect(await world.store.find(generationId)).toMatchObject(labels);
});

test('a tag keeps its list through every move, and leaves it when its entry is gone', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue(1, labels);
  const list = `${world.prefix}:list:all:tag:${digestOfTag('summer')}`;
  await world.send(ref);
  await world.store.settle(ref, ended(ref, 'succeeded'));
  expect(await world.redis.zrange(list, '0', '-1')).toEqual([ref.generationId]);
  await world.redis.del(`${world.prefix}:generation:${ref.generationId}`);
  expect(await world.store.list({ tag: 'summer' }, 10)).toEqual({ generations: [] });
  expect(await world.redis.exists(list)).toBe(0);
});

test('the reconciler puts a generation back into the lists of its tags', async () => {
  await using world = await setup();
  const [{ generationId }] = await world.enqueue(1, labels);
  await world.enqueue(1, { metadata: labels.metadata });
  for (const key of await world.redis.keys(`${world.prefix}:list:*:tag:*`)) await world.redis.del(key);
  const reconcile = buildReconcileStore({ prefix: world.prefix }, world.redis);
  expect(await reconcile.mendLists([generationId])).toBe(1);
  expect(await reconcile.mendLists([generationId])).toBe(0);
  for (const filter of [{ tag: 'summer' }, { tag: 'for alice', tenant: 'acme' }])
    expect((await world.store.list(filter, 10)).generations).toMatchObject([{ generationId }]);
});

test('unreadable words are not shown, and hide no generation', async () => {
  await using world = await setup();
  const [{ generationId }] = await world.enqueue(1, labels);
  await world.redis.hset(`${world.prefix}:generation:${generationId}:request`, 'tags', 'no list', 'metadata', '7');
  const view = await world.store.find(generationId);
  expect(view).not.toHaveProperty('tags');
  expect((await world.store.list({ tag: 'summer' }, 10)).generations).toMatchObject([{ generationId }]);
  expect((await world.store.list({ metadata: { user: 'alice' } }, 10)).generations).toEqual([]);
});
