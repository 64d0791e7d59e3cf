import { createGenerationId, parseGrokImagineRequest } from '@darkroom/contracts';
import { jobIdOf } from '@darkroom/queues';
import { expect, test } from 'vitest';
import { IMAGE_NANO_USD, setup, type World } from './world.ts';

const line = ({ redis, prefix }: World) => redis.zrange(`${prefix}:line`, '0', '-1');

test('an image that waits no more leaves the fair line, and the rest stays in order', async () => {
  await using world = await setup();
  const [first] = await world.enqueue(2);
  const [other] = await world.enqueue(1, { tenant: 'b:c' });
  await world.redis.hset(world.submissionKey(first), 'status', 'committed');
  await world.redis.zadd(`${world.prefix}:line`, '7', 'no submission', '8', '01939f44-8b32-7d53-b1a7-4ac98fd0b8a1/0-1');
  await world.pass({ isThorough: true });
  expect((await line(world)).toSorted()).toEqual([`${other.generationId}/0-1`, `${first.generationId}/1-1`].toSorted());
  expect(await world.redis.zrange(`${world.prefix}:line:acme`, '0', '-1')).toEqual([`${first.generationId}/1-1`]);
});

test('jobs count anew before their numbers end, and keep their order', async () => {
  await using world = await setup();
  const clocks = `${world.prefix}:line-clocks`;
  await world.enqueue();
  await world.redis.hset(clocks, 'reached', 1_600_000, 'tenant:acme', 1_600_010);
  const refs = [...(await world.enqueue(3)), ...(await world.enqueue(1, { tenant: 'b' }))];
  const numbers = () => Promise.all(refs.map(async (ref) => (await world.submissions.queue.getJob(jobIdOf(ref)))?.priority));
  for (const [at, ref] of refs.entries())
    await world.submissions.renumber({ ...ref, number: [1_600_011, 1_600_012, 1_600_013, 1_600_001][at] ?? 0 });
  await world.pass();
  expect(await numbers()).toEqual([11, 12, 13, 1]);
  expect(await world.redis.hgetall(clocks)).toMatchObject({ base: '1600000' });
  expect(await world.redis.hexists(clocks, 'renumbering')).toBe(0);
  const request = parseGrokImagineRequest({ positivePrompt: 'a red door' });
  const next = { generationId: createGenerationId(Date.now()), tenant: 'b', request, imageNanoUsd: IMAGE_NANO_USD };
  expect((await world.store.enqueue(next)).line).toEqual([2]);
});

test('a pass that dies while it numbers jobs is followed by one that goes on', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.redis.hset(`${world.prefix}:line-clocks`, 'base', 5, 'reached', 5, 'renumbering', 1);
  await world.redis.hset(world.submissionKey(ref), 'line', 9);
  await world.redis.zadd(`${world.prefix}:line`, '9', `${ref.generationId}/0-1`);
  await world.pass();
  expect((await world.submissions.queue.getJob(jobIdOf(ref)))?.priority).toBe(5);
});
