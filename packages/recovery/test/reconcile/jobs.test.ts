import { jobIdOf } from '@darkroom/queues';
import { eventually } from '@darkroom/testing';
import { UnrecoverableError, Worker } from 'bullmq';
import { expect, test } from 'vitest';
import { setup, type World } from './world.ts';

/** Makes everything that waits in a queue fail for good. */
async function failAll({ redis, prefix, ...world }: World, name: 'submissions' | 'settlements'): Promise<void> {
  const { queue } = world[name];
  const worker = new Worker(queue.name, () => Promise.reject(new UnrecoverableError('a bug')), { connection: redis, prefix });
  worker.on('error', () => undefined);
  await eventually(async () => expect(await queue.getJobCounts('waiting', 'active')).toEqual({ waiting: 0, active: 0 }));
  await worker.close();
}

test('a clean system has nothing to be found, and is not changed', async () => {
  await using world = await setup();
  const [planned, accepted, done, other] = await world.enqueue(4, { idempotencyKey: 'mine', deadlineAt: Date.now() + 60_000 });
  for (const ref of [accepted!, done!, other!]) await world.send(ref);
  await world.finish(done!);
  await world.finish(other!, 'refused');
  const [alone] = await world.enqueue();
  await world.send(alone);
  await world.finish(alone);
  await world.enqueue(1, { runAt: Date.now() + 60_000 });
  const before = await world.everything();
  expect(await world.pass({ isThorough: true })).toMatchObject({ summary: {}, outcome: 'whole', open: 2, stored: 2 });
  expect(await world.everything()).toEqual(before);
  expect(await world.jobOf('submissions', planned)).toBe('waiting');
});

test.each(['removed', 'cut off'])('a purchase that waits to be sent and whose job was %s gets one', async (how) => {
  await using world = await setup();
  const [ref, other] = await world.enqueue(2);
  if (how === 'removed') await world.submissions.queue.remove(jobIdOf(ref));
  else await world.redis.lrem(world.submissions.queue.toKey('wait'), 1, jobIdOf(ref));
  expect(await world.jobOf('submissions', ref)).toBe('unknown');
  expect((await world.pass()).summary).toEqual({ 'submission-without-job': '1 repaired' });
  expect(await world.jobOf('submissions', ref)).toBe('waiting');
  expect(await world.jobOf('submissions', other!)).toBe('waiting');
  expect((await world.pass()).summary).toEqual({});
});

test.each(['removed', 'cut off'])('a purchase under way whose settlement was %s gets one, which looks at once', async (how) => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref);
  if (how === 'removed') await world.settlements.queue.remove(jobIdOf(ref));
  else await world.redis.zrem(world.settlements.queue.toKey('delayed'), jobIdOf(ref));
  expect((await world.pass()).summary).toEqual({ 'settlement-without-job': '1 repaired' });
  expect(await world.jobOf('settlements', ref)).toBe('waiting');
  expect((await world.pass()).summary).toEqual({});
});

test('a committed purchase whose submit job still runs is left alone: it parks the settlement before anything leaves', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.store.commit(ref, 'token');
  expect((await world.pass()).summary).toEqual({});
  await world.submissions.queue.remove(jobIdOf(ref));
  expect((await world.pass()).summary).toEqual({ 'settlement-without-job': '1 repaired' });
});

test('a job that comes between the two looks was work in progress', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.submissions.queue.remove(jobIdOf(ref));
  const betweenLooks = () => world.submissions.add([ref]);
  expect((await world.pass({ betweenLooks })).summary).toEqual({});
});

test('a purchase that moves between the two looks was work in progress', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.submissions.queue.remove(jobIdOf(ref));
  // committed: the job that vanished may be the one that runs now
  const betweenLooks = async () => void (await world.store.commit(ref, 'token'));
  expect((await world.pass({ betweenLooks })).summary).toEqual({});
});

test('failed jobs are taken back while their submission is not over, and settlements also of one that ended without an image', async () => {
  await using world = await setup();
  const [planned, accepted, failed, done] = await world.enqueue(4);
  const sent = [accepted!, failed!, done!];
  for (const ref of sent) await world.send(ref);
  await world.finish(failed!, 'refused');
  await world.finish(done!);
  for (const ref of sent) await world.settlements.wake(ref);
  await failAll(world, 'submissions');
  await failAll(world, 'settlements');
  for (const ref of sent) expect(await world.jobOf('settlements', ref)).toBe('failed');
  expect((await world.pass()).summary).toEqual({ 'failed-job': '3 repaired' });
  expect(await world.jobOf('submissions', planned)).toBe('waiting');
  expect(await world.jobOf('settlements', accepted!)).toBe('waiting');
  expect(await world.jobOf('settlements', failed!)).toBe('waiting');
  expect(await world.jobOf('settlements', done!), 'of what is home').toBe('failed');
});
