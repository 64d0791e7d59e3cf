import { defaultTiming } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { defaultReconcileSettings } from '../../src/index.ts';
import { setup } from './world.ts';

const LATE_MS = defaultTiming.maxPollMs + defaultReconcileSettings.patienceMs;

test.each([
  ['long past its deadline', LATE_MS + 1000, { 'past-deadline': '1 repaired' }, 'expired'],
  ['past its deadline as long as a parked settlement sleeps', LATE_MS - 5000, {}, 'queued'],
])('a generation %s', async (_, lateMs, summary, status) => {
  await using world = await setup();
  const [ref] = await world.enqueue(1, { deadlineAt: Date.now() + 60_000 });
  await world.redis.hset(world.generationKey(ref), 'deadlineAt', Date.now() - lateMs);
  expect((await world.pass()).summary).toEqual(summary);
  expect((await world.store.find(ref.generationId))?.status).toBe(status);
  expect((await world.pass()).summary).toEqual({});
});

test.each([
  ['long past the horizon is woken', LATE_MS + 1000, { 'past-horizon': '1 repaired' }, 'waiting'],
  ['just past the horizon is left to its own next look', LATE_MS - 5000, {}, 'delayed'],
])('a purchase %s', async (_, lateMs, summary, state) => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref);
  await world.redis.hset(world.submissionKey(ref), 'firstSentAt', Date.now() - defaultTiming.horizonMs - lateMs);
  expect((await world.pass()).summary).toEqual(summary);
  expect(await world.jobOf('settlements', ref)).toBe(state);
});
