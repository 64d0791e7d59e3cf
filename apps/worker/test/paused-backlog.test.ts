import { eventually } from '@darkroom/testing';
import { expect, inject, test } from 'vitest';
import { displacement, setup } from './paused-world.ts';

test('a paused backlog rests as a whole: few looks, one line, and in its order when it goes on', async () => {
  await using world = await setup(inject('redisUrl'), { troubleMs: 100 });
  await world.store.pauseBuying({ kind: 'operator', reason: 'maintenance', since: 0 });
  const ids = await world.enqueue(100);
  world.startWorker(4);
  world.startWorker(4);
  const ends = performance.now() + 1500;
  await eventually(() => expect(performance.now()).toBeGreaterThan(ends));
  expect(world.asked.length, 'each 100 ms each worker looks at a few').toBeLessThan(2 * 4 * 15);
  expect(new Set(world.asked).size, 'and always at the same').toBeLessThanOrEqual(2 * 4);
  expect(await world.submissions.queue.getJobCounts('delayed')).toEqual({ delayed: 0 });
  const stops = world.lines().filter((line) => line.includes('"event":"submission.stopped"'));
  expect(stops.length, 'each worker says it once').toBeLessThanOrEqual(2);
  expect(stops.length).toBeGreaterThan(0);

  await world.store.resumeBuying(['operator']);
  await world.submissions.endRest();
  await eventually(() => expect(world.sendable).toHaveLength(100), { withinMs: 10_000 });
  expect(displacement(ids, world.sendable), 'what was under way may change places').toBeLessThanOrEqual(2 * 4);
});
