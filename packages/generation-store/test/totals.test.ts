import { describe, expect, test } from 'vitest';
import { retryOf } from './retry-world.ts';
import { ended, endedForGood, IMAGE_NANO_USD, newGeneration, setup, setupAt } from './world.ts';

const NOW = Date.UTC(2026, 10, 29, 12);

describe('totals', () => {
  test('count each end of a generation once, whichever process ends it', async () => {
    await using world = await setup();
    const [home] = await world.enqueue();
    await world.send(home);
    await world.store.settle(home, ended(home, 'succeeded'));
    await world.store.settle(home, ended(home, 'succeeded'));
    const [{ generationId }] = await world.enqueue();
    await world.store.cancel(generationId);
    await world.store.cancel(generationId);
    expect((await world.store.totals()).ended).toEqual({ succeeded: 1, partial: 0, failed: 0, cancelled: 1, expired: 0 });
  });

  test('count refused enqueues by the code of their error', async () => {
    await using world = await setup();
    await world.store.setCaps({ allPerDay: IMAGE_NANO_USD });
    await world.enqueue();
    await expect(world.store.enqueue(newGeneration())).rejects.toMatchObject({ code: 'spend.cap-reached' });
    expect((await world.store.totals()).refused).toMatchObject({ 'spend.cap-reached': 1, 'queue.full': 0, other: 0 });
  });

  test('count each image whose retry was refused, by its code', async () => {
    await using world = await setup();
    const [ref] = await world.enqueue(2);
    await expect(retryOf(world, ref.generationId)).rejects.toMatchObject({ code: 'retry.in-progress' });
    expect((await world.store.totals()).refused).toMatchObject({ 'retry.in-progress': 2, other: 0 });
    const now = await world.store.readTime();
    const minutes = await world.store.minutes(now - 60_000, now);
    expect(minutes.reduce((sum, { refused }) => sum + (refused['retry.in-progress'] ?? 0), 0)).toBe(2);
  });

  test('count a paid submission without an image once, also if an operator then calls it lost', async () => {
    await using world = await setup();
    const [one, other] = await world.enqueue(2);
    for (const ref of [one, other!]) await world.send(ref);
    await world.store.settle(one, endedForGood(one, 'unknown'));
    await world.store.settle(one, endedForGood(one, 'lost'));
    await world.store.settle(other!, endedForGood(other!, 'lost'));
    expect((await world.store.totals()).notHere).toEqual({ lost: 1, unknown: 1 });
  });

  test('leave out what a rebuild restores long after it came', async () => {
    await using world = await setup();
    const [ref] = await world.enqueue();
    await world.send(ref);
    await world.store.settle(ref, { ...endedForGood(ref, 'lost'), isOld: true });
    expect(await world.store.totals()).toMatchObject({ ended: { failed: 0 }, notHere: { lost: 0 } });
    expect(await world.store.takeEnded(10)).toEqual({ ended: [], unreadable: [] });
  });
});

test('a generation that ended is given once, with what its last line says', async () => {
  await using world = await setup();
  const [ref, second] = await world.enqueue(2);
  for (const each of [ref, second!]) await world.send(each);
  await world.store.settle(ref, ended(ref, 'succeeded'));
  expect(await world.store.takeEnded(10)).toEqual({ ended: [], unreadable: [] });
  await world.store.settle(second!, endedForGood(second!, 'failed'));
  const {
    ended: [line, ...more],
    unreadable,
  } = await world.store.takeEnded(10);
  expect([more, unreadable]).toEqual([[], []]);
  const { generationId } = ref;
  const { createdAt, finishedAt } = (await world.store.find(generationId))!;
  expect(line).toEqual({
    id: generationId,
    tenant: 'acme',
    status: 'partial',
    createdAt,
    finishedAt,
    costNanoUsd: IMAGE_NANO_USD,
    images: 2,
    made: 1,
    roads: ['upload'],
  });
  expect(await world.store.takeEnded(10)).toEqual({ ended: [], unreadable: [] });
});

test('a generation whose entry is damaged is named, and costs no other its last line', async () => {
  await using world = await setup();
  const refs = await Promise.all(Array.from({ length: 6 }, async () => (await world.enqueue())[0]));
  for (const ref of refs) {
    await world.send(ref);
    await world.store.settle(ref, ended(ref, 'succeeded'));
  }
  const [sound, ...damaged] = refs.map(({ generationId }) => generationId) as [string, string, string, string, string, string];
  const keyOf = (id: string): string => `${world.prefix}:generation:${id}`;
  await world.redis.hset(keyOf(damaged[0]), 'status', 'nonsense');
  await world.redis.hset(keyOf(damaged[1]), 'createdAt', 'long ago', 'cost', '1e');
  await world.redis.hdel(keyOf(damaged[2]), 'images', 'finishedAt');
  await world.redis.del(keyOf(damaged[3]), keyOf(damaged[4]));
  await world.redis.set(keyOf(damaged[3]), 'another type');
  const taken = await world.store.takeEnded(10);
  expect(taken.ended.map(({ id }) => id)).toEqual([sound]);
  expect(taken.unreadable.toSorted(), 'and not the one that has left Redis').toEqual(damaged.slice(0, 4).toSorted());
});

describe('the oldest waiting generation', () => {
  test('is measured from its creation or its time to run, and is none before that', async () => {
    await using world = await setupAt(NOW);
    expect(await world.store.oldestWaiting()).toEqual({ queued: 0, running: 0 });
    await world.enqueue(1, { runAt: NOW + 60_000 });
    await world.setTime(NOW + 30_000);
    expect(await world.store.oldestWaiting()).toEqual({ queued: 0, running: 0 });
    await world.setTime(NOW + 65_000);
    expect(await world.store.oldestWaiting()).toEqual({ queued: 5000, running: 0 });
    const [ref] = await world.enqueue();
    await world.setTime(NOW + 66_000);
    await world.send(ref);
    await world.setTime(NOW + 75_000);
    expect(await world.store.oldestWaiting()).toEqual({ queued: 15_000, running: 10_000 });
  });

  test('is found behind more scheduled ones than are looked at', async () => {
    await using world = await setupAt(NOW);
    for (let at = 0; at < 120; at += 1) await world.enqueue(1, { runAt: NOW + 86_400_000 });
    await world.setTime(NOW + 1000);
    await world.enqueue();
    await world.setTime(NOW + 8000);
    expect(await world.store.oldestWaiting()).toEqual({ queued: 7000, running: 0 });
  });
});
