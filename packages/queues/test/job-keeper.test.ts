import type { SubmissionRef } from '@darkroom/contracts';
import { eventually } from '@darkroom/testing';
import { UnrecoverableError } from 'bullmq';
import { expect, test } from 'vitest';
import { jobIdOf, type JobKeeper } from '../src/index.ts';
import { newRef, setup } from './world.ts';

const HOUR_MS = 3_600_000;

async function failedOf(keeper: JobKeeper): Promise<SubmissionRef[]> {
  const all: SubmissionRef[] = [];
  for await (const page of keeper.listFailed()) all.push(...page);
  return all;
}

test('reports a job as live in each state in which it will run, and as missing if no worker would find it', async () => {
  await using world = await setup();
  const { keeper, queue } = world.submissions;
  const [waiting, delayed, missing, cutOff] = [newRef(), newRef(), newRef(), newRef()];
  await world.submissions.add([waiting, cutOff]);
  await world.submissions.add([delayed], HOUR_MS);
  await world.connection.lrem(queue.toKey('wait'), 1, jobIdOf(cutOff));
  expect(await keeper.inspect([waiting, delayed, missing, cutOff])).toEqual(['live', 'live', 'missing', 'missing']);
  expect(await keeper.inspect([])).toEqual([]);
});

test('recognises, lists and retries a failed job', async () => {
  await using world = await setup();
  const { keeper, queue } = world.settlements;
  const ref = newRef();
  const worker = world.consume(world.settlements, () => Promise.reject(new UnrecoverableError('a bug')));
  await world.settlements.park(ref, 0, false);
  await queue.add('settle', { version: 1, generationId: 'not-an-id' }, { jobId: 'foreign', attempts: 1 });
  await eventually(async () => expect(await queue.getFailedCount()).toBe(2));
  await worker.close();
  expect(await keeper.inspect([ref])).toEqual(['failed']);
  expect(await failedOf(keeper)).toEqual([ref]);
  await Promise.all([keeper.bringBack(ref), keeper.bringBack(ref)]);
  expect(await queue.getJobState(jobIdOf(ref))).toBe('waiting');
  expect(await failedOf(keeper)).toEqual([]);
});

test('restores a missing or unlisted job to run now, and leaves a live one as it is', async () => {
  await using world = await setup();
  const { keeper, queue } = world.settlements;
  const [missing, cutOff, parked] = [newRef(), newRef(), newRef()];
  await world.settlements.park(cutOff, HOUR_MS, false);
  await world.settlements.park(parked, HOUR_MS, false);
  await world.connection.zrem(queue.toKey('delayed'), jobIdOf(cutOff));
  for (const ref of [missing, cutOff, parked]) await keeper.bringBack(ref);
  const states = await Promise.all([missing, cutOff, parked].map((ref) => queue.getJobState(jobIdOf(ref))));
  expect(states).toEqual(['waiting', 'waiting', 'delayed']);
});

test('with a long backlog counts a job with data as live, unless it failed', async () => {
  await using world = await setup();
  const { keeper, queue } = world.submissions;
  const failed = newRef();
  const worker = world.consume(world.submissions, () => Promise.reject(new UnrecoverableError('a bug')));
  await world.submissions.add([failed]);
  await eventually(async () => expect(await queue.getFailedCount()).toBe(1));
  await worker.close();
  const waiting = Array.from({ length: 5001 }, newRef);
  await world.submissions.add(waiting);
  expect(await keeper.inspect([...waiting.slice(0, 2), newRef(), failed])).toEqual(['live', 'live', 'missing', 'failed']);
});
