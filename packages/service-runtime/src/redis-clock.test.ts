import { expect, test } from 'vitest';
import type { LogFields, Logger } from './logging/logger.ts';
import { createRedisClock, watchClock } from './redis-clock.ts';

const START = Date.UTC(2026, 5, 1, 12);
const MINUTE_MS = 60_000;

/** A clock that is ahead of Redis by `aheadMs`, and a Redis that answers after `tripMs`. */
function setup({ aheadMs = 0, tripMs = 0 } = {}) {
  const world = { trueMs: START, aheadMs, tripMs, lines: [] as string[] };
  const clock = createRedisClock({
    readTime: async () => {
      world.trueMs += world.tripMs / 2;
      const answer = [Math.floor(world.trueMs / 1000), (world.trueMs % 1000) * 1000];
      world.trueMs += world.tripMs / 2;
      return answer;
    },
    wallMs: () => world.trueMs + world.aheadMs,
    monotonicMs: () => world.trueMs - START,
  });
  const note = (_fields: LogFields, message: string): void => void world.lines.push(message);
  const logger: Logger = { debug: note, info: note, warn: note, error: note };
  return { world, clock, logger };
}

test.each([0, 4 * 1440 * MINUTE_MS, -4 * 1440 * MINUTE_MS])('goes by Redis time with a clock that is %d ms ahead', async (aheadMs) => {
  const { world, clock } = setup({ aheadMs, tripMs: 40 });
  expect(clock.skewMs()).toBeUndefined();
  await clock.measure();
  expect(clock.now()).toBe(world.trueMs);
  world.trueMs += MINUTE_MS;
  expect(clock.now()).toBe(world.trueMs);
});

test('a clock is wrong only if it is further off than the round trip explains', async () => {
  const { world, clock } = setup({ aheadMs: 65_000, tripMs: 20_000 });
  await clock.measure();
  expect(clock.skewMs()).toBe(55_000);
  world.tripMs = 0;
  await clock.measure();
  expect(clock.skewMs()).toBe(65_000);
});

test('logs one line when the clock is set, and one when it is right again', async () => {
  const { world, clock, logger } = setup();
  const changes: boolean[] = [];
  const watch = watchClock({ clock, logger, consequence: 'it waits', onChange: (isRight) => changes.push(isRight), everyMs: 5 });
  try {
    await watch.start();
    expect(watch.isRight()).toBe(true);
    world.aheadMs = -2 * MINUTE_MS;
    expect(watch.isRight()).toBe(false);
    await expect(watch.ready.check(new AbortController().signal)).rejects.toThrow('more than a minute');
    await expect.poll(() => changes).toEqual([false]);
    world.aheadMs = MINUTE_MS;
    await expect.poll(() => changes).toEqual([false, true]);
    expect(world.lines).toEqual([
      'the clock of this process is 120 s behind redis time; it waits',
      'the clock of this process agrees with redis time again',
    ]);
  } finally {
    await watch.stop();
  }
});
