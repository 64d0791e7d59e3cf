import { createGenerationId, type Priority } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { newGeneration, setupAt } from './world.ts';

const NOW = Date.UTC(2026, 10, 29, 12);

test('the place is told while an image waits, and with an estimate while the fleet buys', async () => {
  await using world = await setupAt(NOW);
  const enqueue = async (tenant: string, images: number, priority: Priority = 'normal') => {
    const given = newGeneration(images, { tenant, priority, generationId: createGenerationId(NOW) });
    return (await world.store.enqueue(given)).generationId;
  };
  const placeOf = async (id: string) => (await world.store.find(id))?.queue;
  const [first, behind, other] = [await enqueue('a', 10), await enqueue('a', 2), await enqueue('b', 1)];
  expect(await placeOf(first)).toEqual({ position: expect.any(Number) });
  expect((await placeOf(first))?.position).toBeLessThanOrEqual(2);
  expect((await placeOf(other))?.position).toBeLessThanOrEqual(2);
  expect(await placeOf(behind)).toEqual({ position: 12 });
  const urgent = await enqueue('a', 1, 'high');
  expect((await placeOf(urgent))?.position).toBeLessThanOrEqual(2);
  expect(await placeOf(behind), 'one more goes first').toEqual({ position: 13 });

  // two purchases in a second
  expect(await world.store.commit({ generationId: first, index: 0, n: 1 }, 'token')).toMatchObject({ reason: 'behind' });
  await world.open({ generationId: urgent, index: 0, n: 1 });
  expect(await world.store.commit({ generationId: first, index: 1, n: 1 }, 'other')).toMatchObject({ reason: 'behind' });
  await world.open({ generationId: first, index: 0, n: 1 });
  await world.setTime(NOW + 1000);
  const later = await placeOf(behind);
  expect(later?.position).toBe(11);
  expect(later?.estimatedStartAt).toBeGreaterThan(NOW + 1000);
  await world.redis.hset(`${world.prefix}:buying-paused`, 'operator', 'a look at the bill');
  expect(await placeOf(behind)).toEqual({ position: 11 });
  await world.store.cancel(behind);
  expect(await placeOf(behind)).toBeUndefined();
});

test('the place counts by the weight of the tenant', async () => {
  await using world = await setupAt(NOW);
  await world.redis.hset(`${world.prefix}:tenant-rules:a`, 'weight', 4);
  const ids: string[] = [];
  for (const [tenant, images] of [
    ['a', 4],
    ['a', 4],
    ['a', 2],
    ['b', 10],
  ] as const)
    ids.push((await world.enqueue(images, { tenant, generationId: createGenerationId(NOW) }))[0].generationId);
  const places = await Promise.all(ids.map(async (id) => (await world.store.find(id))?.queue?.position));
  // an image of b goes somewhere among four of a
  const among = (from: number) => expect.toSatisfy((place: number) => place >= from && place <= from + 4);
  expect(places).toEqual([among(1), among(6), among(11), among(1)]);
  const [urgent] = await world.enqueue(1, { tenant: 'a', priority: 'high', generationId: createGenerationId(NOW) });
  expect((await world.store.find(urgent.generationId))?.queue?.position).toBeLessThanOrEqual(2);
  // Those that share a number have any order among themselves.
  expect((await world.store.find(ids[2] ?? ''))?.queue?.position).toEqual(among(11));
});

test('the estimate is the pace of this minute and the one before', async () => {
  await using world = await setupAt(NOW);
  const [first, ...rest] = await world.enqueue(20);
  for (const ref of [first, ...rest.slice(0, 9)]) await world.open(ref);
  await world.setTime(NOW + 60_000);
  const place = (await world.store.find(first.generationId))?.queue;
  expect(place).toEqual({ position: 1, estimatedStartAt: NOW + 60_000 + 6000 });
  await world.setTime(NOW + 120_000);
  expect((await world.store.find(first.generationId))?.queue).toEqual({ position: 1 });
});

test('an image that runs later, or waits for money, has no place', async () => {
  await using world = await setupAt(NOW);
  const [later] = await world.enqueue(1, { runAt: NOW + 60_000 });
  expect(await world.store.find(later.generationId)).not.toHaveProperty('queue');
});
