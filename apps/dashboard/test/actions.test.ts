import { buildGenerationStore, defaultRetention } from '@darkroom/generation-store';
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
  const { ask, queue, park, snapshot, prefix } = await setup();
  const [waiting, parked] = [await queue(), await park()];
  const before = await snapshot();
  expect((await ask('PUT', `/queues/api/queues/submissions/${jobIdOf(waiting)}/retry`)).status).toBe(400);
  expect((await ask('PUT', `/queues/api/queues/settlements/${jobIdOf(parked)}/retry`)).status).toBe(400);
  const { status, body } = await ask('PUT', `/queues/api/queues/submissions/${jobIdOf(waiting)}/promote`);
  expect(status).toBe(500);
  expect(body).toContain('is not in the delayed state');
  expect((await ask('PUT', '/queues/api/queues/submissions/no-such-job/retry')).status).toBe(404);
  expect((await ask('PUT', '/queues/api/queues/nothing/pause')).status).toBe(404);
  const after = await snapshot();
  // the log of acts has them, as every act that an operator asks for
  delete after[`${prefix}:acts`];
  expect(after).toEqual(before);
});

test('each act on the board stands in the log of acts, with its operator', async () => {
  const { ask, fail, park, redis, prefix } = await setup();
  const [failed, parked] = [await fail(), await park()];
  await ask('PUT', `/queues/api/queues/submissions/${jobIdOf(failed)}/retry`);
  await ask('PUT', '/queues/api/queues/submissions/retry/failed');
  await ask('PUT', `/queues/api/queues/settlements/${jobIdOf(parked)}/promote`);
  await ask('PUT', '/queues/api/queues/settlements/pause');
  await ask('PUT', '/queues/api/queues/resume');
  await ask('PUT', `/queues/api/queues/generations/${parked.generationId}/clean`);
  await ask('PUT', '/queues/api/queues/settlements/clean/failed');
  const store = buildGenerationStore({ prefix, retention: defaultRetention, pollRate: { perSecond: 1, burst: 1 } }, redis);
  const acts = await store.readActs(10);
  expect(new Set(acts.map(({ who, reason }) => `${who} ${reason}`))).toEqual(new Set(['darkroom by Bull Board']));
  expect(acts.map(({ act, on }) => `${act}: ${on}`).toReversed()).toEqual([
    `retry job: ${jobIdOf(failed)} of submissions`,
    'retry jobs: all failed of submissions',
    `promote job: ${jobIdOf(parked)} of settlements`,
    'pause queue: settlements',
    'resume queues: all queues',
    `cancel: ${parked.generationId}`,
  ]);
  expect((await ask('GET', '/health')).body.match(/by Bull Board/g)).toHaveLength(6);
});
