import { eventually } from '@darkroom/testing';
import { expect, inject, test } from 'vitest';
import { displacement, setup } from './paused-world.ts';

test('a paused backlog costs few looks and one log line, and keeps its order after the resume', async () => {
  await using world = await setup(inject('redisUrl'), { troubleMs: 100 });
  await world.store.pauseBuying({ kind: 'operator', reason: 'maintenance', since: 0 });
  const ids = await world.enqueue(100);
  world.startWorker(4);
  world.startWorker(4);
  const ends = performance.now() + 1500;
  await eventually(() => expect(performance.now()).toBeGreaterThan(ends));
  expect(world.asked.length, 'each worker looks at a few jobs every 100 ms').toBeLessThan(2 * 4 * 15);
  expect(new Set(world.asked).size, 'each worker looks at the same jobs').toBeLessThanOrEqual(2 * 4);
  expect(await world.submissions.queue.getJobCounts('delayed')).toEqual({ delayed: 0 });
  const stops = world.lines().filter((line) => line.includes('"event":"submission.stopped"'));
  expect(stops.length, 'each worker logs it once').toBeLessThanOrEqual(2);
  expect(stops.length).toBeGreaterThan(0);

  await world.store.resumeBuying(['operator']);
  await world.submissions.endRest();
  await eventually(() => expect(world.sendable).toHaveLength(100), { withinMs: 10_000 });
  // Jobs under way at the pause go back in the order in which their looks end; on a busy machine several do so one after the other.
  expect(displacement(ids, world.sendable), 'only jobs under way change places').toBeLessThanOrEqual(4 * 2 * 4);
});

test('the jobs of a tenant at its cap look one after the other, and delay no other tenant', async () => {
  await using world = await setup(inject('redisUrl'), { maxTroubleMs: 1000 });
  await world.store.setCaps({ allPerDay: 1e15, tenantPerDay: 20_000_000 });
  const runAt = (await world.store.readTime()) + 300;
  const capped = await world.enqueue(61, 'a', runAt);
  const [other] = await world.enqueue(1, 'b', runAt);
  await eventually(async () => expect(await world.store.readTime()).toBeGreaterThan(runAt));
  world.startWorker(4);
  await eventually(() => expect(world.sendable).toContain(other));
  await eventually(() => expect(new Set(world.asked).size).toBe(62));
  const looks = (await world.submissions.queue.getDelayed()).map(({ timestamp, delay }) => timestamp + delay);
  expect(Math.max(...looks) - Math.min(...looks), '60 of them, 50 ms apart').toBeGreaterThan(2000);
  expect(
    world.sendable.filter((id) => capped.includes(id)),
    'as many as the cap allows',
  ).toHaveLength(1);
  const stops = world.lines().filter((line) => line.includes('"event":"submission.stopped"'));
  expect(stops).toHaveLength(1);
});
