import { setTimeout as delay } from 'node:timers/promises';
import { buildSpendSumsStore } from '@darkroom/generation-store';
import { recordSums } from '@darkroom/recovery';
import { createRedisMeter, reserveRedis } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { setup } from './paused-world.ts';

const TENANTS = 100_000;
const WATCHED_MS = 60_000;
const ENQUEUED_AT_ONCE = 500;
const LIMIT_MS = 50;
const ALL_PER_DAY = 1e15;

test('100,000 tenants at their caps, each with a generation that waits, cost Redis next to nothing, and workers few log lines', async () => {
  await using own = await reserveRedis({ appendfsync: 'everysec' });
  await own.start();
  await using world = await setup(own.url);
  const watching = new Redis(own.url);
  const meter = createRedisMeter(watching);
  try {
    for (let from = 0; from < TENANTS; from += ENQUEUED_AT_ONCE)
      await Promise.all(Array.from({ length: ENQUEUED_AT_ONCE }, (_, at) => world.enqueue(1, `tenant-${from + at}`)));
    await world.store.setCaps({ allPerDay: ALL_PER_DAY, tenantPerDay: 1 });
    await watching.config('SET', 'slowlog-log-slower-than', '2000');
    for (let worker = 0; worker < 4; worker += 1) world.startWorker(4);
    await meter.measure(`${TENANTS} tenants: each generation is looked at once`, async () => {
      while (world.asked.length < TENANTS) await delay(50);
    });
    // Those that were looked at first look again within the first minute.
    await delay(WATCHED_MS);
    const [linesBefore, askedBefore] = [world.lines().length, world.asked.length];
    const capped = await meter.measure('4 workers, all caps reached', () => delay(WATCHED_MS));
    const [lines, commitsPerSecond] = [world.lines().length - linesBefore, ((world.asked.length - askedBefore) * 1000) / WATCHED_MS];
    meter.add('all caps reached', { commitsPerSecond: Math.round(commitsPerSecond), linesPerMinute: lines });

    const sums = buildSpendSumsStore({ prefix: world.prefix }, watching);
    let written = 0;
    const archive = {
      recordSums: (recorded: object) => {
        written = JSON.stringify(recorded).length;
        return Promise.resolve('settings/spend-sums/1');
      },
    };
    const [startedAt, recorded] = [performance.now(), await recordSums({ store: sums, archive }, { createId: () => 'id' })];
    expect(recorded).toMatchObject({ kind: 'recorded', periods: 2 * TENANTS + 2 });
    meter.add('the sums of all periods', {
      seconds: Math.round((performance.now() - startedAt) / 100) / 10,
      mbInS3: Math.round(written / 1e6),
    });

    const slow = (await watching.call('SLOWLOG', 'GET', '1000')) as [number, number, number, string[]][]; // the documented form of an entry
    const longestMs = Math.max(0, ...slow.map(([, , micros]) => micros / 1000));
    meter.add('the longest command', { ms: longestMs });

    await world.store.setCaps({ allPerDay: ALL_PER_DAY });
    const before = world.sendable.length;
    await meter.measure('the caps are lifted', () => delay(WATCHED_MS));
    meter.add('the caps are lifted', { couldBeSentPerSecond: Math.round(((world.sendable.length - before) * 1000) / WATCHED_MS) });
    meter.print();
    expect(commitsPerSecond).toBeLessThan(150);
    expect(capped.cpuPercent).toBeLessThan(10);
    expect(lines).toBeLessThanOrEqual(8);
    expect(longestMs).toBeLessThan(LIMIT_MS);
    expect(world.sendable.length - before).toBeGreaterThan(1000);
  } finally {
    watching.disconnect();
  }
});
