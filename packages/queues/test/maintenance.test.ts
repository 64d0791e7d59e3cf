import { uniquePrefix } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { expect, inject, onTestFinished, test } from 'vitest';
import { createMaintenance } from '../src/index.ts';

const HOUR_MS = 3_600_000;

function setup() {
  const connection = new Redis(inject('redisUrl'), { maxRetriesPerRequest: null });
  const prefix = uniquePrefix();
  const maintenance = createMaintenance(connection, { prefix });
  onTestFinished(async () => {
    await maintenance.close();
    connection.disconnect();
  });
  const pending = async () => (await maintenance.queue.getJobs(['waiting', 'delayed'])).map(({ name }) => name);
  return { connection, maintenance, prefix, pending };
}

test('schedules one job, however often and by however many workers', async () => {
  const { maintenance, pending } = setup();
  await Promise.all(Array.from({ length: 5 }, () => maintenance.scheduleReconcile(HOUR_MS)));
  expect(await pending()).toEqual(['reconcile']);
  const [before] = await maintenance.queue.getJobSchedulers();
  await maintenance.scheduleReconcile(HOUR_MS);
  const [after] = await maintenance.queue.getJobSchedulers();
  expect(after?.next, 'it comes no later than it would have').toBe(before?.next);
  expect(await pending()).toEqual(['reconcile']);
});

test.each(['everything', 'the schedule', 'its next job'])('restores the schedule if Redis lost %s', async (what) => {
  const { connection, maintenance, prefix, pending } = setup();
  await maintenance.scheduleReconcile(HOUR_MS);
  const keys = await connection.keys(`${prefix}:maintenance:*`);
  const isMeant = (key: string): boolean =>
    what === 'everything' || (what === 'the schedule' ? key.includes(':repeat') && !/:\d+$/.test(key) : /:(wait|delayed)$|:\d+$/.test(key));
  expect(await connection.del(...keys.filter(isMeant))).toBeGreaterThan(0);
  await maintenance.scheduleReconcile(HOUR_MS);
  expect(await pending()).toContain('reconcile');
});

test('a new interval replaces the previous one', async () => {
  const { maintenance, pending } = setup();
  await maintenance.scheduleReconcile(HOUR_MS);
  await maintenance.scheduleReconcile(1000);
  expect((await maintenance.queue.getJobSchedulers()).map(({ every }) => every)).toEqual([1000]);
  expect(await pending()).toEqual(['reconcile']);
});
