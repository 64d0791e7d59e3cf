import { expect, test } from 'vitest';
import { setup, type World } from './world.ts';
import type { SubmissionRef } from '@darkroom/contracts';

const corruptions: Record<string, (world: World, ref: SubmissionRef) => Promise<unknown>> = {
  'money that is none': (world, ref) => world.redis.hset(world.submissionKey(ref), 'reserved', 'NaN'),
  'an unknown status': (world, ref) => world.redis.hset(world.submissionKey(ref), 'status', 'developing'),
  'endless submissions': (world, ref) => world.redis.hset(world.generationKey(ref), 'latest:0', '999999999999'),
  'a number of images that is none': (world, ref) => world.redis.hset(world.generationKey(ref), 'images', 'many'),
  'a generation of another type': async (world, ref) => {
    await world.redis.del(world.generationKey(ref));
    await world.redis.set(world.generationKey(ref), 'x');
  },
  'a submission of another type': async (world, ref) => {
    await world.redis.del(world.submissionKey(ref));
    await world.redis.set(world.submissionKey(ref), 'x');
  },
};

test.for(Object.entries(corruptions))('%s: the pass names it, and puts right what is wrong with others', async ([, corrupt]) => {
  await using world = await setup();
  const [wrong] = await world.enqueue();
  const [other] = await world.enqueue();
  await corrupt(world, wrong);
  await world.redis.hset(world.submissionKey(other), 'held', '0');
  for (const isThorough of [false, true]) {
    const { outcome, summary, named } = await world.pass({ isThorough });
    expect(outcome).toBe('whole');
    expect(Object.keys(summary)).toContain('record-corrupt');
    expect(named).toContainEqual(
      expect.objectContaining({
        kind: 'record-corrupt',
        generationId: wrong.generationId,
        detail: expect.stringContaining('cannot be used'),
      }),
    );
  }
  expect(await world.redis.hget(world.submissionKey(other), 'held')).toBe('due');
});

test('a sum of the ledger that cannot be read is named, and the rest of the pass is made', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  const [period] = Object.keys(await world.reserved());
  await world.redis.hset(`${world.prefix}:spend:${period}`, 'reserved', 'nan');
  await world.redis.hset(world.generationKey(ref), 'live', '7');
  const { outcome, named, summary } = await world.pass({ isThorough: true });
  expect(outcome).toBe('whole');
  expect(Object.keys(summary)).toContain('miscounted');
  expect(named).toContainEqual(expect.objectContaining({ kind: 'record-corrupt', detail: expect.stringContaining(`:spend:${period}`) }));
});
