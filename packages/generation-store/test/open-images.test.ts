import { createGenerationId, QueueFullError, type OpenImageBound } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { endedAs, made, retryOf } from './retry-world.ts';
import { ended, endedForGood, newGeneration, nextOf, setup, type World } from './world.ts';

/** The open images are counted, and bounded for each tenant and for all. */
const bound = ({ redis, prefix }: World, name: OpenImageBound, images: number | string) => redis.hset(`${prefix}:limits`, name, images);
const open = async ({ store }: World, tenant?: string): Promise<number> => (await store.readOpenImages(tenant)).count;
const refusalOf = async (call: Promise<unknown>): Promise<QueueFullError> => {
  const reason: unknown = await call.catch((error: unknown) => error);
  expect(reason).toBeInstanceOf(QueueFullError);
  return reason as QueueFullError; // the line above
};

test.each<[OpenImageBound, string]>([
  ['openImagesPerTenant', 'acme'],
  ['openImages', 'other'],
])('of fifty callers at once as many get through as the bound "%s" has room for, each image counted', async (name, second) => {
  await using world = await setup();
  await bound(world, name, 25);
  const connections = await Promise.all(Array.from({ length: 5 }, () => world.reconnect()));
  const calls = Array.from({ length: 50 }, (_, at) =>
    connections[at % 5]!.store.enqueue(
      newGeneration(1, { tenant: at % 2 === 0 ? 'acme' : second, generationId: createGenerationId(Date.now()) }),
    ),
  );
  const answers = await Promise.allSettled(calls);
  expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(25);
  for (const answer of answers) if (answer.status === 'rejected') expect(answer.reason).toBeInstanceOf(QueueFullError);
  expect(await world.store.readOpenImages()).toMatchObject({ count: 25, limit: name === 'openImages' ? 25 : 0 });
  for (const connection of connections) await connection[Symbol.asyncDispose]();
});

test('a generation is refused whole, with the bound that it would cross, and changes nothing', async () => {
  await using world = await setup();
  await bound(world, 'openImagesPerTenant', 5);
  await bound(world, 'openImages', 8);
  await world.enqueue(4);
  const before = await world.keyspace();
  const own = newGeneration(2);
  expect(await refusalOf(world.store.enqueue(own))).toMatchObject({
    code: 'queue.full',
    retryable: true,
    bound: 'openImagesPerTenant',
    details: { bound: 'openImagesPerTenant', limit: 5, open: 4 },
    message: `could not enqueue generation "${own.generationId}" with 2 images: of the 5 images that a tenant may have open, 4 are; nothing was queued or bought; call again when some have ended`,
  });
  expect(await refusalOf(world.enqueue(5, { tenant: 'b' }))).toMatchObject({ details: { bound: 'openImages', limit: 8, open: 4 } });
  expect(await refusalOf(world.enqueue(6, { tenant: 'b' })), 'it never fits').toMatchObject({ retryable: false });
  expect(await world.keyspace()).toEqual(before);
  await world.enqueue(1);
  await world.enqueue(3, { tenant: 'b' });
  expect([await open(world), await open(world, 'acme'), await open(world, 'b'), await open(world, 'none')]).toEqual([8, 5, 3, 0]);
});

test('a generation that Redis knows is answered, however full the queue is', async () => {
  await using world = await setup();
  await bound(world, 'openImages', 1);
  const generation = newGeneration(1, { idempotencyKey: 'order-1' });
  await world.store.enqueue(generation);
  expect(await world.store.enqueue(generation)).toMatchObject({ kind: 'exists' });
  expect(await world.store.enqueue({ ...generation, generationId: createGenerationId(Date.now()) })).toMatchObject({ kind: 'replayed' });
  await refusalOf(world.enqueue());
});

test.each([0, '', 'many', '-1'])('the bound "%s" is none', async (none) => {
  await using world = await setup();
  await bound(world, 'openImages', none);
  await bound(world, 'openImagesPerTenant', none);
  await world.enqueue(20);
  expect(await world.store.readOpenImages()).toEqual({ count: 20, limit: 0, limitPerTenant: 0 });
});

test('a name that begins like another one is another tenant', async () => {
  await using world = await setup();
  for (const tenant of ['a', 'a.b', 'a-', 'a:b', 'a+', 'A', 'a0', 'aa']) await world.enqueue(1, { tenant });
  for (const tenant of ['a', 'a.b', 'a-', 'a:b', 'a+', 'A', 'a0', 'aa']) expect(await open(world, tenant), tenant).toBe(1);
});

test('an image counts until it is home or given up, whatever happens to it before', async () => {
  await using world = await setup();
  const [first, second, third] = await world.enqueue(3);
  await world.send(first);
  await world.store.settle(first, ended(first, 'failed'));
  expect(await open(world), 'it is bought again').toBe(3);
  await world.send(nextOf(first));
  await world.store.settle(nextOf(first), endedForGood(nextOf(first), 'succeeded'));
  expect(await open(world)).toBe(2);
  await world.send(second!);
  await world.store.cancel(first.generationId);
  expect(await open(world), 'the sent one is under way').toBe(1);
  await world.store.settle(second!, endedForGood(second!, 'unknown'));
  expect(await open(world)).toBe(0);
  await world.store.settle(second!, endedForGood(second!, 'succeeded'));
  await world.store.settle(third!, endedForGood(third!, 'succeeded')).catch(() => undefined);
  expect(await open(world), 'a late image is not open again').toBe(0);
  expect(await world.redis.exists(`${world.prefix}:open-images`)).toBe(0);
});

test('an expired generation makes room', async () => {
  await using world = await setup();
  await bound(world, 'openImages', 2);
  const [ref] = await world.enqueue(2);
  await refusalOf(world.enqueue());
  await world.store.expire(ref.generationId);
  await world.enqueue(2);
});

test('a retry is bounded like an enqueue, and the answer to a repeated one is not', async () => {
  await using world = await setup();
  await bound(world, 'openImagesPerTenant', 3);
  const original = await endedAs(world, 'failed', 'failed');
  await world.enqueue(2);
  await refusalOf(retryOf(world, original));
  await bound(world, 'openImagesPerTenant', 4);
  const generationId = await made(world, original);
  expect(await open(world)).toBe(4);
  expect(await retryOf(world, original)).toMatchObject({ kind: 'replayed', generationId });
});

test('a count of another type stops no purchase, and counts from the next image on', async () => {
  await using world = await setup();
  await bound(world, 'openImages', 2);
  await world.redis.set(`${world.prefix}:open-images`, 'x');
  const [ref] = await world.enqueue(2);
  await world.send(ref);
  await world.store.settle(ref, endedForGood(ref, 'succeeded'));
  await world.redis.del(`${world.prefix}:open-images`);
  await world.enqueue(2);
  await refusalOf(world.enqueue());
});
