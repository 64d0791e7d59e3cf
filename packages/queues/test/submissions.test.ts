import type { SubmissionRef } from '@darkroom/contracts';
import { eventually } from '@darkroom/testing';
import { UnrecoverableError } from 'bullmq';
import { expect, test } from 'vitest';
import { jobIdOf } from '../src/index.ts';
import { newRef, setup, type World } from './world.ts';

test('each submission has one job, however often it is added', async () => {
  await using world = await setup();
  const refs = [newRef(), newRef(), newRef()];
  await world.submissions.add(refs);
  await world.submissions.add(refs);
  await world.submissions.add(refs.slice(0, 1));
  const jobs = await world.submissions.queue.getJobs(['waiting']);
  expect(jobs.map(({ id, data }) => ({ id, data })).toSorted(byId)).toEqual(
    refs.map((ref) => ({ id: jobIdOf(ref), data: { version: 1, ...ref } })).toSorted(byId),
  );
});

test('adding nothing is no error', async () => {
  await using world = await setup();
  await expect(world.submissions.add([])).resolves.toBeUndefined();
});

test('what is added in one turn is one call, and fails as one', async () => {
  await using world = await setup();
  const { queue } = world.submissions;
  const [numbered, other, later] = [{ ...newRef(), number: 7 }, newRef(), newRef()];
  const add = () =>
    Promise.allSettled([world.submissions.add([numbered]), world.submissions.add([other]), world.submissions.add([later], 60_000)]);
  expect((await add()).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled']);
  const states = await Promise.all([numbered, other, later].map((ref) => queue.getJobState(jobIdOf(ref))));
  expect(states).toEqual(['prioritized', 'waiting', 'delayed']);
  await queue.obliterate();
  await world.connection.set(queue.toKey('prioritized'), 'text');
  expect((await add()).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  await world.connection.del(queue.toKey('prioritized'));
});

test('adds a job for later', async () => {
  await using world = await setup();
  const ref = newRef();
  await world.submissions.add([ref], 60_000);
  expect(await world.submissions.queue.getJobState(jobIdOf(ref))).toBe('delayed');
});

test('removes jobs that wait, and neither one that runs nor one that is not there is trouble', async () => {
  await using world = await setup();
  const [later, waiting, running, absent] = [newRef(), newRef(), newRef(), newRef()];
  const states = () => Promise.all([later, waiting, running].map((ref) => world.submissions.queue.getJobState(jobIdOf(ref))));
  let finish = (): void => undefined;
  const worker = world.consume(world.submissions, () => new Promise<void>((resolve) => (finish = resolve)));
  await world.submissions.add([running]);
  await eventually(async () => expect(await world.submissions.queue.getJobState(jobIdOf(running))).toBe('active'));
  await worker.pause(true);
  await world.submissions.add([later], 60_000);
  await world.submissions.add([waiting]);
  expect(await states()).toEqual(['delayed', 'waiting', 'active']);
  await world.submissions.remove([later, waiting, running, absent]);
  expect(await states()).toEqual(['unknown', 'unknown', 'active']);
  finish();
  await worker.close();
});

test('revive adds a missing job and retries a failed one', async () => {
  await using world = await setup();
  const ref = newRef();
  const worker = world.consume(world.submissions, () => Promise.reject(new UnrecoverableError('a bug')));
  await world.submissions.revive(ref);
  await eventually(async () => expect(await world.submissions.queue.getJobState(jobIdOf(ref))).toBe('failed'));
  await worker.close();
  await world.submissions.add([ref]);
  expect(await world.submissions.queue.getJobState(jobIdOf(ref))).toBe('failed');
  await Promise.all(Array.from({ length: 5 }, () => world.submissions.revive(ref)));
  expect(await world.submissions.queue.getJobState(jobIdOf(ref))).toBe('waiting');
});

test.each([
  ['is not there', async () => undefined],
  ['waits behind the backlog', (world: World, ref: SubmissionRef) => world.submissions.add([ref])],
  ['waits for its time', (world: World, ref: SubmissionRef) => world.submissions.add([ref], 60_000)],
])('a job revived ahead runs before the backlog, if it %s', async (_where, before) => {
  await using world = await setup();
  const [backlog, ref] = [[newRef(), newRef(), newRef()], newRef()];
  await world.submissions.add(backlog);
  await before(world, ref);
  await Promise.all([world.submissions.revive(ref, { ahead: true }), world.submissions.revive(ref, { ahead: true })]);
  const ran: SubmissionRef[] = [];
  world.consume(world.submissions, async (each) => void ran.push(each));
  await eventually(() => expect(ran).toHaveLength(4));
  expect(ran).toEqual([ref, ...backlog]);
});

const byId = (a: { id?: string | undefined }, b: { id?: string | undefined }): number => String(a.id).localeCompare(String(b.id));

test('after a rest the backlog runs, and delayed jobs stay delayed', async () => {
  await using world = await setup();
  const { submissions } = world;
  await submissions.add([newRef(), newRef()]);
  await submissions.add([newRef(), newRef(), newRef()], 60_000);
  await submissions.queue.rateLimit(60_000);
  expect(await submissions.endRest()).toBe(2);
  expect(await submissions.queue.getRateLimitTtl()).toBeLessThanOrEqual(0);
  expect(await submissions.queue.getJobCounts('waiting', 'delayed')).toEqual({ waiting: 2, delayed: 3 });
});

test('ends a throttle that is longer than any worker sets, and no other', async () => {
  await using world = await setup();
  const { submissions } = world;
  expect(await submissions.endStrayThrottle()).toBe(false);
  await submissions.queue.rateLimit(60_000);
  expect(await submissions.endStrayThrottle()).toBe(false);
  expect(await submissions.queue.getRateLimitTtl()).toBeGreaterThan(0);
  await submissions.queue.rateLimit(600_000);
  expect(await submissions.endStrayThrottle()).toBe(true);
  expect(await submissions.queue.getRateLimitTtl()).toBeLessThanOrEqual(0);
});
