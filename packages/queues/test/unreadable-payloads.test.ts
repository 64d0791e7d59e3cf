import { eventually } from '@darkroom/testing';
import type { SubmissionRef } from '@darkroom/contracts';
import { UnrecoverableError } from 'bullmq';
import { expect, test } from 'vitest';
import { buildJobPayload, jobIdOf } from '../src/index.ts';
import { newRef, setup, type World } from './world.ts';

const payloads = ['', '{"version":1,"gen', 'null', '7', '{}', JSON.stringify({ ...buildJobPayload(newRef()) }), 'x'.repeat(10_000_000)];
const write = (world: World, queue: string, ref: SubmissionRef, data: string): Promise<unknown> =>
  world.connection.hset(`${world.prefix}:${queue}:${jobIdOf(ref)}`, 'data', data);
const read = async (world: World, queue: string, ref: SubmissionRef): Promise<unknown> =>
  JSON.parse((await world.connection.hget(`${world.prefix}:${queue}:${jobIdOf(ref)}`, 'data')) ?? 'null');

test.for(payloads)('a waiting job with the payload %.30s does not count as live, and is corrected', async (data) => {
  await using world = await setup();
  const [ref, other] = [newRef(), newRef()];
  await world.submissions.add([ref, other]);
  await world.settlements.park(ref, 3_600_000, false);
  await write(world, 'submissions', ref, data);
  await write(world, 'settlements', ref, data);
  expect(await world.submissions.keeper.inspect([ref, other])).toEqual(['failed', 'live']);
  expect(await world.settlements.keeper.inspect([ref])).toEqual(['failed']);
  await world.submissions.keeper.bringBack(ref);
  await world.settlements.keeper.bringBack(ref);
  expect(await world.submissions.keeper.inspect([ref, other])).toEqual(['live', 'live']);
  expect(await read(world, 'submissions', ref)).toEqual(buildJobPayload(ref));
  expect(await read(world, 'settlements', ref)).toEqual(buildJobPayload(ref));
  expect(await world.settlements.queue.getJobState(jobIdOf(ref))).toBe('delayed');
});

test.for(payloads)('a job that failed with the payload %.30s runs with its own once it is retried', async (data) => {
  await using world = await setup();
  const ref = newRef();
  await world.submissions.add([ref]);
  await world.settlements.park(ref, 0, false);
  const fail = async (): Promise<never> => {
    throw new UnrecoverableError('the payload is unreadable');
  };
  const failing = [world.consume(world.submissions, fail), world.consume(world.settlements, fail)];
  await eventually(async () => expect(await world.submissions.queue.getJobState(jobIdOf(ref))).toBe('failed'));
  await eventually(async () => expect(await world.settlements.queue.getJobState(jobIdOf(ref))).toBe('failed'));
  await Promise.all(failing.map((worker) => worker.close()));
  await write(world, 'submissions', ref, data);
  await write(world, 'settlements', ref, data);
  for await (const page of world.submissions.keeper.listFailed())
    expect(page.filter((each) => each.generationId === ref.generationId)).toEqual([]);

  await world.submissions.revive(ref);
  expect(await world.settlements.wake(ref)).toBe('ensured');
  const ran: SubmissionRef[] = [];
  for (const queue of [world.submissions, world.settlements]) world.consume(queue, async (each) => void ran.push(each));
  await eventually(() => expect(ran).toEqual([ref, ref]));
});
