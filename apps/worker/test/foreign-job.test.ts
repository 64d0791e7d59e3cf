import { createGenerationId, defaultTiming, type SubmissionRef } from '@darkroom/contracts';
import { connectPatient } from '@darkroom/generation-store';
import type { Purchase } from '@darkroom/purchase';
import { createSettlements, createSubmissions, jobIdOf } from '@darkroom/queues';
import { createLogger } from '@darkroom/service-runtime';
import { eventually, uniquePrefix } from '@darkroom/testing';
import { expect, inject, onTestFinished, test } from 'vitest';
import { startWorkers } from './start-workers.ts';

/** Starts workers whose purchase throws at any use, which puts the job back. */
function setup() {
  const connection = connectPatient(inject('redisUrl'));
  const queue = { prefix: uniquePrefix() };
  const submissions = createSubmissions(connection, queue);
  const settlements = createSettlements(connection, queue);
  let log = '';
  const logger = createLogger({ name: 'test', level: 'warn' }, { write: (line) => (log += line) });
  const workers = startWorkers(
    {
      connection,
      queue,
      timing: { ...defaultTiming, lockDurationMs: 1000, stalledIntervalMs: 200 },
      submitConcurrency: 1,
      settleConcurrency: 1,
    },
    { purchase: {} as Purchase, submissions, settlements, logger },
  );
  onTestFinished(async () => {
    await Promise.all(workers.map((worker) => worker.close()));
    await Promise.all([submissions.close(), settlements.close()]);
    connection.disconnect();
  });
  return { connection, prefix: queue.prefix, submissions, log: () => log };
}

const newRef = (): SubmissionRef => ({ generationId: createGenerationId(Date.now()), index: 0, n: 1 });

test('a worker discards a foreign job at once, and buys nothing for it', async () => {
  const { submissions } = setup();
  const job = await submissions.queue.add('submit', { version: 1, generationId: 'not-an-id', index: 0, n: 1 }, { jobId: 'foreign' });
  await eventually(async () => expect(await job.getState()).toBe('failed'));
  const failed = await submissions.queue.getJob('foreign');
  expect(failed).toMatchObject({
    attemptsMade: 1,
    failedReason: expect.stringContaining('job "foreign" of queue "submissions" does not belong to Darkroom'),
  });
});

test('a worker discards a job with the payload of another submission at once', async () => {
  const { submissions } = setup();
  const [mine, other] = [newRef(), newRef()];
  const job = await submissions.queue.add('submit', { version: 1, ...other }, { jobId: jobIdOf(mine) });
  await eventually(async () => expect(await job.getState()).toBe('failed'));
  expect((await submissions.queue.getJob(jobIdOf(mine)))?.failedReason).toContain('whose job has another id');
});

test('a worker names the key of a job that it cannot read, and runs the others', { timeout: 20_000 }, async () => {
  const { connection, prefix, submissions, log } = setup();
  const unreadable = [newRef(), newRef()];
  await submissions.queue.pause();
  await submissions.add(unreadable);
  const keys = unreadable.map((ref) => `${prefix}:submissions:${jobIdOf(ref)}`);
  await connection.hset(keys[0] ?? '', 'data', '{"a secret');
  await connection.hset(keys[1] ?? '', 'opts', 'a secret');
  const readable = newRef();
  await submissions.add([readable]);
  await submissions.queue.resume();
  // Its run throws, which puts the job back.
  await eventually(async () => expect(await submissions.queue.getJobState(jobIdOf(readable))).toBe('delayed'), { withinMs: 10_000 });
  await eventually(
    () => {
      for (const key of keys) expect(log()).toContain(`"code":"store.corrupt-record","key":"${key}"`);
    },
    { withinMs: 15_000 },
  );
});
