import { expect, test } from 'vitest';
import { setup } from './world.ts';

test('a burst is given at once, and the next one is told when to come', async () => {
  await using world = await setup({ pollRate: { perSecond: 2, burst: 3 } });
  const waits = await Promise.all(Array.from({ length: 4 }, () => world.store.takePollToken()));
  expect(waits.slice(0, 3)).toEqual([0, 0, 0]);
  expect(waits[3]).toBeGreaterThan(0);
  expect(waits[3]).toBeLessThanOrEqual(500);
});

test('to be told to wait costs no token', async () => {
  await using world = await setup({ pollRate: { perSecond: 0.1, burst: 1 } });
  expect(await world.store.takePollToken()).toBe(0);
  const first = await world.store.takePollToken();
  const second = await world.store.takePollToken();
  expect(second).toBeLessThanOrEqual(first);
});

test('over time no more tokens are given than the rate allows, and no fewer to who waits as told', async () => {
  await using world = await setup({ pollRate: { perSecond: 100, burst: 5 } });
  const startedAt = await redisMs(world.redis);
  let given = 0;
  while (given < 40) {
    const waitMs = await world.store.takePollToken();
    if (waitMs === 0) given += 1;
    else await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
  const tookMs = (await redisMs(world.redis)) - startedAt;
  // Five at once, and then one each 10 ms.
  expect(tookMs).toBeGreaterThanOrEqual(349);
  expect(tookMs).toBeLessThan(2000);
});

test('a bucket that nobody uses is forgotten once it is full', async () => {
  await using world = await setup({ pollRate: { perSecond: 10, burst: 2 } });
  await world.store.takePollToken();
  const ttlMs = await world.redis.pttl(`${world.prefix}:poll-bucket`);
  expect(ttlMs).toBeGreaterThan(100);
  expect(ttlMs).toBeLessThanOrEqual(1101);
});

async function redisMs(redis: { time(): Promise<readonly (string | number)[]> }): Promise<number> {
  const [seconds, micros] = await redis.time();
  return Number(seconds) * 1000 + Number(micros) / 1000;
}
