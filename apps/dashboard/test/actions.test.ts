import { jobIdOf, parseJobPayload, queueNames } from '@darkroom/queues';
import { eventually } from '@darkroom/testing';
import { Worker } from 'bullmq';
import { expect, onTestFinished, test } from 'vitest';
import { openWorld, startDashboard } from './setup.ts';

async function setup() {
  const world = openWorld();
  return { ...world, ...(await startDashboard(world)) };
}

test('a failed submission is retried', async () => {
  const { ask, fail, stateOf } = await setup();
  const ref = await fail();
  expect((await ask('PUT', `/queues/api/queues/submissions/${jobIdOf(ref)}/retry`)).status).toBe(204);
  expect((await stateOf(ref)).submission).toBe('waiting');
});

test('all failed submissions are retried', async () => {
  const { ask, fail, stateOf } = await setup();
  const refs = [await fail(), await fail()];
  expect((await ask('PUT', '/queues/api/queues/submissions/retry/failed')).status).toBe(200);
  for (const ref of refs) expect((await stateOf(ref)).submission).toBe('waiting');
});

test('a parked settlement is promoted, and a worker takes it', async () => {
  const { ask, park, stateOf, redis, prefix } = await setup();
  const [ref, other] = [await park(), await park()];
  expect((await ask('PUT', `/queues/api/queues/settlements/${jobIdOf(ref)}/promote`)).status).toBe(204);
  expect((await stateOf(ref)).settlement).toBe('prioritized');
  expect((await stateOf(other)).settlement).toBe('delayed');
  const taken: unknown[] = [];
  const take = async (job: { data: unknown }): Promise<void> => void taken.push(parseJobPayload(job.data));
  const worker = new Worker(queueNames.settlements, take, { connection: redis, prefix });
  onTestFinished(() => worker.close());
  await eventually(() => expect(taken).toEqual([ref]));
});

test('all parked settlements are promoted', async () => {
  const { ask, park, stateOf } = await setup();
  const refs = [await park(), await park()];
  expect((await ask('PUT', '/queues/api/queues/settlements/promote')).status).toBe(200);
  for (const ref of refs) expect((await stateOf(ref)).settlement).toBe('waiting');
});

test('one queue is paused and resumed', async () => {
  const { ask, submissions, settlements } = await setup();
  const paused = async () => [await submissions.queue.isPaused(), await settlements.queue.isPaused()];
  expect((await ask('PUT', '/queues/api/queues/submissions/pause')).status).toBe(200);
  expect(await paused()).toEqual([true, false]);
  expect((await ask('PUT', '/queues/api/queues/submissions/resume')).status).toBe(200);
  expect(await paused()).toEqual([false, false]);
});

test('all queues are paused and resumed', async () => {
  const { ask, submissions, settlements } = await setup();
  const paused = async () => [await submissions.queue.isPaused(), await settlements.queue.isPaused()];
  expect((await ask('PUT', '/queues/api/queues/pause')).status).toBe(200);
  expect(await paused()).toEqual([true, true]);
  expect((await ask('PUT', '/queues/api/queues/resume')).status).toBe(200);
  expect(await paused()).toEqual([false, false]);
});

test('an action on a job in another state changes nothing and says why', async () => {
  const { ask, queue, park, snapshot } = await setup();
  const [waiting, parked] = [await queue(), await park()];
  const before = await snapshot();
  expect((await ask('PUT', `/queues/api/queues/submissions/${jobIdOf(waiting)}/retry`)).status).toBe(400);
  expect((await ask('PUT', `/queues/api/queues/settlements/${jobIdOf(parked)}/retry`)).status).toBe(400);
  const { status, body } = await ask('PUT', `/queues/api/queues/submissions/${jobIdOf(waiting)}/promote`);
  expect(status).toBe(500);
  expect(body).toContain('is not in the delayed state');
  expect((await ask('PUT', '/queues/api/queues/submissions/no-such-job/retry')).status).toBe(404);
  expect((await ask('PUT', '/queues/api/queues/nothing/pause')).status).toBe(404);
  expect(await snapshot()).toEqual(before);
});
