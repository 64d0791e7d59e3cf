import type { SubmissionRef } from '@darkroom/contracts';
import { eventually } from '@darkroom/testing';
import { DelayedError, UnrecoverableError } from 'bullmq';
import { expect, test } from 'vitest';
import { jobIdOf, PARKED_PRIORITY, type Settlements } from '../src/index.ts';
import { newRef, setup, type World } from './world.ts';

const HOUR_MS = 3_600_000;

const stateOf = ({ settlements }: World, ref: SubmissionRef) => settlements.queue.getJobState(jobIdOf(ref));

/** Leaves the job of a submission failed. */
async function fail(world: World, ref: SubmissionRef): Promise<void> {
  const worker = world.consume(world.settlements, () => Promise.reject(new UnrecoverableError('a bug')));
  await world.settlements.park(ref, 1, false);
  await eventually(async () => expect(await stateOf(world, ref)).toBe('failed'));
  await worker.close();
}

test('a parked job waits, holds no slot and carries only ids', async () => {
  await using world = await setup();
  const ref = newRef();
  await world.settlements.park(ref, HOUR_MS, true);
  const job = await world.settlements.queue.getJob(jobIdOf(ref));
  expect(job).toMatchObject({ data: { version: 1, ...ref }, delay: HOUR_MS, priority: PARKED_PRIORITY });
  expect(await stateOf(world, ref)).toBe('delayed');
});

test('parking twice has the effect of parking once', async () => {
  await using world = await setup();
  const ref = newRef();
  await Promise.all([world.settlements.park(ref, HOUR_MS, true), world.settlements.park(ref, 1, true)]);
  await world.settlements.park(ref, 1, false);
  expect(await world.settlements.queue.getJobCountByTypes('delayed', 'waiting', 'prioritized')).toBe(1);
});

test('a woken job runs before every parked one that is merely due', async () => {
  await using world = await setup();
  const due = Array.from({ length: 20 }, newRef);
  const woken = newRef();
  await Promise.all([...due, woken].map((ref) => world.settlements.park(ref, HOUR_MS, false)));
  // As if their time had come: they keep their priority.
  for (const ref of due) await world.settlements.queue.getBackend().promote(jobIdOf(ref));
  expect(await world.settlements.wake(woken)).toBe('woken');
  const ran: string[] = [];
  world.consume(world.settlements, async (ref) => void ran.push(jobIdOf(ref)));
  await eventually(() => expect(ran).toHaveLength(21));
  expect(ran[0]).toBe(jobIdOf(woken));
});

test('waking a job that is already due puts it before the others', async () => {
  await using world = await setup();
  const due = Array.from({ length: 5 }, newRef);
  await Promise.all(due.map((ref) => world.settlements.park(ref, HOUR_MS, false)));
  for (const ref of due) await world.settlements.queue.getBackend().promote(jobIdOf(ref));
  expect(await world.settlements.wake(due[4]!)).toBe('pending');
  const ran: string[] = [];
  world.consume(world.settlements, async (ref) => void ran.push(jobIdOf(ref)));
  await eventually(() => expect(ran).toHaveLength(5));
  expect(ran[0]).toBe(jobIdOf(due[4]!));
});

test('a wake leaves a running job alone: it looks again after it has parked', async () => {
  await using world = await setup();
  const ref = newRef();
  let park: () => void = () => undefined;
  const mayPark = new Promise<void>((resolve) => (park = resolve));
  let runs = 0;
  world.consume(world.settlements, async (_ref, job, token) => {
    runs += 1;
    if (runs > 1) return;
    await mayPark;
    await job.moveToDelayed(Date.now() + HOUR_MS, token);
    throw new DelayedError();
  });
  await world.settlements.park(ref, 1, false);
  await eventually(() => expect(runs).toBe(1));
  expect(await world.settlements.wake(ref)).toBe('pending');
  park();
  await eventually(async () => expect(await stateOf(world, ref)).toBe('delayed'));
  expect(runs).toBe(1);
  expect(await world.settlements.wake(ref)).toBe('woken');
  await eventually(() => expect(runs).toBe(2));
});

test.each<[string, (settlements: Settlements, ref: SubmissionRef) => Promise<unknown>]>([
  ['a wake', (settlements, ref) => settlements.wake(ref)],
  ['a park', (settlements, ref) => settlements.park(ref, HOUR_MS, true)],
])('%s retries a failed job', async (_what, revive) => {
  await using world = await setup();
  const ref = newRef();
  await fail(world, ref);
  const ran: SubmissionRef[] = [];
  await revive(world.settlements, ref);
  world.consume(world.settlements, async (each) => void ran.push(each));
  await eventually(() => expect(ran).toEqual([ref]));
});

test('many concurrent wakes of a failed job retry it once', async () => {
  await using world = await setup();
  const ref = newRef();
  await fail(world, ref);
  const answers = await Promise.all(Array.from({ length: 10 }, () => world.settlements.wake(ref)));
  expect(answers).toContain('ensured');
  expect(await world.settlements.queue.getJobCountByTypes('waiting', 'prioritized', 'delayed')).toBe(1);
});

test('a wake without a job adds one that runs at once', async () => {
  await using world = await setup();
  const ref = newRef();
  expect(await world.settlements.wake(ref)).toBe('ensured');
  expect(await stateOf(world, ref)).toBe('waiting');
  expect(await world.settlements.wake(ref)).toBe('pending');
});

test('a wake adds a completed job again', async () => {
  await using world = await setup();
  const ref = newRef();
  const ran: SubmissionRef[] = [];
  world.consume(world.settlements, async (each) => void ran.push(each));
  await world.settlements.park(ref, 1, false);
  await eventually(async () => expect(await stateOf(world, ref)).toBe('unknown'));
  expect(await world.settlements.wake(ref)).toBe('ensured');
  await eventually(() => expect(ran).toHaveLength(2));
});
