import { createGenerationId, type SubmissionRef } from '@darkroom/contracts';
import { uniquePrefix } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { expect, inject, onTestFinished, test } from 'vitest';
import { countBacklog, createJobCounts } from './job-counts.ts';
import { createSubmissions } from './submissions.ts';

const HOUR_MS = 3_600_000;
const refs = (count: number): SubmissionRef[] =>
  Array.from({ length: count }, (_, index) => ({ generationId: createGenerationId(Date.now()), index, n: 1 }));

function setup() {
  const connection = new Redis(inject('redisUrl'), { maxRetriesPerRequest: null });
  const submissions = createSubmissions(connection, { prefix: uniquePrefix() });
  onTestFinished(async () => {
    await submissions.close();
    connection.disconnect();
  });
  return { connection, submissions };
}

test('the backlog holds waiting jobs and only those delayed jobs that are due', async () => {
  const { connection, submissions } = setup();
  const countAt = (at: number) => countBacklog(connection, submissions.queue, at);
  expect(await countAt(Date.now())).toBe(0);
  await submissions.add(refs(2));
  await submissions.queue.add('submit', {}, { priority: 3 });
  await submissions.add(refs(4), HOUR_MS);
  await submissions.add(refs(8), 2 * HOUR_MS);
  expect(await countAt(Date.now())).toBe(3);
  expect(await countAt(Date.now() + HOUR_MS)).toBe(7);
  expect(await countAt(Date.now() + 2 * HOUR_MS)).toBe(15);
});

test('counts no more waiting jobs than could begin', async () => {
  const { connection, submissions } = setup();
  await submissions.add(refs(5));
  const countOf = (startable: number) => countBacklog(connection, submissions.queue, Date.now(), startable);
  expect(await Promise.all([0, 2, 9].map(countOf))).toEqual([0, 2, 5]);
});

test('counts the backlog of a paused queue', async () => {
  const { connection, submissions } = setup();
  await submissions.add(refs(2));
  await submissions.queue.pause();
  expect(await countBacklog(connection, submissions.queue, Date.now())).toBe(2);
});

test('counts by state, and reads again after a second', async () => {
  const { submissions } = setup();
  let time = 0;
  const counts = createJobCounts([submissions.queue], () => time);
  const waiting = async () => (await counts.read())[0]?.states['waiting'];
  await submissions.add(refs(1), HOUR_MS);
  expect(await counts.read()).toEqual([
    {
      queue: 'submissions',
      states: { active: 0, completed: 0, delayed: 1, failed: 0, prioritized: 0, waiting: 0, 'waiting-children': 0 },
    },
  ]);
  await submissions.add(refs(1));
  time = 999;
  expect(await waiting()).toBe(0);
  time = 1000;
  expect(await waiting()).toBe(1);
});
