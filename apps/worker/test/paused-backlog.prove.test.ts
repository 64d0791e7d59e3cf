import { setTimeout as delay } from 'node:timers/promises';
import { createRedisMeter, reserveRedis } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { displacement, setup } from './paused-world.ts';

const BACKLOG = 100_000;
const WATCHED_MS = 60_000;

test('a paused backlog of 100,000 jobs costs as much as one of ten, and keeps its order', async () => {
  await using own = await reserveRedis({ appendfsync: 'everysec' });
  await own.start();
  await using world = await setup(own.url);
  const watching = new Redis(own.url);
  const meter = createRedisMeter(watching);
  await world.store.pauseBuying({ kind: 'operator', reason: 'maintenance', since: 0 });
  const ids = await world.enqueue(BACKLOG);
  await meter.measure('without a worker', () => delay(10_000));
  for (let worker = 0; worker < 4; worker += 1) world.startWorker(4);
  const linesBefore = world.lines().length;
  const paused = await meter.measure(`${BACKLOG} queued, paused, 4 workers`, () => delay(WATCHED_MS));
  const lines = world.lines().length - linesBefore;
  await world.store.resumeBuying(['operator']);
  await world.submissions.endRest();
  await meter.measure('after the resume, until 2,000 could be sent', async () => {
    while (world.sendable.length < 2000) await delay(50);
  });
  const displaced = displacement(ids, world.sendable.slice(0, 2000));
  meter.add('paused', { linesPerMinute: lines, commitsPerMinute: world.asked.length - world.sendable.length, displaced });
  meter.print();
  watching.disconnect();
  expect(paused.scriptsPerSecond).toBeLessThan(100);
  expect(lines).toBeLessThanOrEqual(4);
  expect(displaced).toBeLessThanOrEqual(4 * 4);
});
