import { createGenerationId } from '@darkroom/contracts';
import { Worker, WaitingError } from 'bullmq';
import { expect, inject, test } from 'vitest';
import { runOutcome } from '../src/run-outcome.ts';
import { openStore } from './open-store.ts';

test('a job that goes back to its number in the fair line wakes the loops that wait for one', async () => {
  const { redis, queue, submissions, close } = await openStore(inject('redisUrl'));
  const { queue: bull } = submissions;
  const worker = new Worker(bull.name, null, { connection: redis, autorun: false, prefix: queue.prefix });
  try {
    const ref = { generationId: createGenerationId(Date.now()), index: 0, n: 1 };
    await submissions.add([{ ...ref, number: 1 }]);
    const job = await worker.getNextJob('token', { block: false });
    if (job === undefined) throw new Error('a job was added');
    await redis.del(bull.toKey('marker'));
    const back = runOutcome(job, 'token', ref, { kind: 'renumber', number: 7 }, {
      renumber: submissions.renumber,
    } as Parameters<typeof runOutcome>[4]); // this outcome needs no other
    await expect(back).rejects.toBeInstanceOf(WaitingError);
    expect(await bull.getJobState(String(job.id))).toBe('prioritized');
    expect((await bull.getJob(String(job.id)))?.priority).toBe(7);
    expect(await redis.zrange(bull.toKey('marker'), '0', '-1')).toEqual(['0']);
  } finally {
    await worker.close();
    await close();
  }
});
