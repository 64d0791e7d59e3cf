import { QueueFullError } from '@darkroom/contracts';
import { photograph } from '@darkroom/testing';
import { expect, test } from 'vitest';
import { restoreForgotten } from '../../src/index.ts';
import { setup, type World } from './world.ts';

const key = ({ prefix }: World): string => `${prefix}:open-images`;
const names = async (world: World): Promise<string[]> => world.redis.zrange(key(world), '0', '-1');

test('a pass counts the open images that are missing, and removes from the count what is not open, and a second one finds nothing', async () => {
  await using world = await setup();
  const [first, , home] = await world.enqueue(3, { tenant: 'b:c' });
  await world.send(home!);
  await world.finish(home!);
  const [given] = await world.enqueue(2);
  await world.store.cancel(given.generationId);
  const counted = await names(world);
  expect(counted).toEqual([0, 1].map((index) => `b~3ac/${first.generationId}/${index}`));

  await world.redis.del(key(world));
  const left = [
    `acme/${first.generationId}/0`, // of another tenant
    `b~3ac/${first.generationId}/2`,
    `b~3ac/${first.generationId}/7`,
    `acme/${given.generationId}/0`,
    'acme/01939f44-8b32-7d53-b1a7-4ac98fd0b8a1/0',
    'no name',
  ];
  await world.redis.zadd(key(world), ...left.flatMap((name) => [0, name]));
  await world.redis.zadd(key(world), 5, counted[0] ?? '');
  expect((await world.pass()).summary).toEqual({ 'open-images-miscounted': '2 repaired' });
  expect(await world.redis.zrange(key(world), '0', '-1', 'WITHSCORES')).toEqual(counted.flatMap((name) => [name, '0']));
  expect((await world.pass()).summary).toEqual({});
});

test('a count of another type is begun anew', async () => {
  await using world = await setup();
  await world.enqueue(2);
  const counted = await names(world);
  await world.redis.del(key(world));
  await world.redis.set(key(world), 'x');
  expect((await world.pass()).summary).toEqual({ 'open-images-miscounted': '1 repaired' });
  expect(await names(world)).toEqual(counted);
});

test('a walk over many names reaches each of them', async () => {
  await using world = await setup();
  const left = Array.from({ length: 1203 }, (_, at) => [0, `acme/01939f44-8b32-7d53-b1a7-${String(at).padStart(12, '0')}/0`]).flat();
  await world.redis.zadd(key(world), ...left);
  const [ref] = await world.enqueue();
  await world.pass();
  expect(await names(world)).toEqual([`acme/${ref.generationId}/0`]);
});

test('images that Redis forgot count again once they are restored, beyond the bound too, and nothing more is taken until it fits', async () => {
  await using world = await setup();
  const goBack = await photograph(world);
  const refs = await world.enqueue(3);
  for (const ref of refs) await world.send(ref);
  const [unsent] = await world.enqueue(2);
  const counted = (await names(world)).filter((name) => !name.includes(unsent.generationId));
  await goBack();
  expect(await names(world)).toEqual([]);
  await restoreForgotten(world.recovery);
  expect(await names(world), 'nothing remembers what was never sent').toEqual(counted);
  await world.redis.hset(`${world.prefix}:limits`, 'openImages', 3);
  await expect(world.enqueue()).rejects.toBeInstanceOf(QueueFullError);
  await world.finish(refs[0]);
  await world.enqueue();
});
