import { taskUuidOf, type SubmissionRef } from '@darkroom/contracts';
import { createProducer } from '@darkroom/producer';
import { jobIdOf } from '@darkroom/queues';
import { countExecutions, eventually, readBilledTasks, startFleet } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';

const PREFIX = '{darkroom}';
const generationKey = ({ generationId }: SubmissionRef): string => `${PREFIX}:generation:${generationId}`;
const requestKey = (ref: SubmissionRef): string => `${generationKey(ref)}:request`;
const submissionKey = ({ generationId, index, n }: SubmissionRef): string => `${PREFIX}:submission:${generationId}:${index}-${n}`;
const jobKey = (ref: SubmissionRef): string => `${PREFIX}:submissions:${jobIdOf(ref)}`;

interface Damage {
  key: (ref: SubmissionRef) => string;
  field: string;
  value: string;
}

/** Damage done to Redis while no worker runs, and the key that a worker must name. */
const damages: Record<string, Damage> = {
  'an amount that is no number': { key: submissionKey, field: 'reserved', value: 'NaN' },
  'an unknown status': { key: submissionKey, field: 'status', value: 'developing' },
  'an invalid hold': { key: submissionKey, field: 'held', value: 'maybe' },
  'half a request': { key: requestKey, field: 'request', value: '{"positivePrompt":"a secret gar' },
  'a request of ten megabytes': { key: requestKey, field: 'request', value: 'x'.repeat(10_000_000) },
  'an invalid number of images': { key: generationKey, field: 'images', value: 'many' },
  'endless submissions': { key: generationKey, field: 'latest:0', value: '999999999999' },
  'an invalid deadline': { key: generationKey, field: 'deadlineAt', value: 'soon' },
  'half a payload': { key: jobKey, field: 'data', value: '{"version":1,"gen' },
};

test('a worker names a corrupt entry, does not buy it, buys all others, and buys it once it is repaired', async () => {
  const fleet = await startFleet({ workers: 2 });
  const producer = createProducer({ redisUrl: fleet.redisUrl });
  const redis = new Redis(fleet.redisUrl);
  const enqueue = async (positivePrompt: string): Promise<SubmissionRef> => {
    const { generationId } = await producer.enqueue({ positivePrompt, width: 1024, height: 1024 });
    return { generationId, index: 0, n: 1 };
  };
  const logs = async (): Promise<string> => (await Promise.all(fleet.workers.map((worker) => worker.log()))).join('');
  try {
    await Promise.all(fleet.workers.map((worker) => worker.stop()));
    const damaged = await Promise.all(
      Object.entries(damages).map(async ([name, { key, field, value }]) => {
        const ref = await enqueue('a secret garden');
        const sound = (await redis.hget(key(ref), field)) ?? '';
        await redis.hset(key(ref), field, value);
        return { name, ref, key: key(ref), field, sound };
      }),
    );
    await redis.zadd(`${PREFIX}:open`, 1, '017f22e2-79b0-7cc3-98c4-dc0c0c07398f');
    const sound = await Promise.all(Array.from({ length: 5 }, (_, at) => enqueue(`sound ${at}`)));
    await Promise.all(fleet.workers.map((worker) => worker.start()));

    for (const { generationId } of sound) expect((await producer.wait(generationId, { timeoutMs: 30_000 })).status).toBe('succeeded');
    await eventually(
      async () => {
        const log = await logs();
        for (const { name, key } of damaged) {
          const line = log.split('\n').find((each) => each.includes('store.corrupt-record') && each.includes(key));
          expect(line, name).toContain('"level":"error"');
        }
      },
      { withinMs: 30_000, everyMs: 200 },
    );
    const billed = await readBilledTasks(fleet.billFile);
    for (const { name, ref } of damaged) expect(billed.get(taskUuidOf(ref))?.submissions ?? 0, name).toBe(0);
    expect(fleet.workers.map((worker) => worker.isRunning())).toEqual([true, true]);
    expect(await logs()).not.toContain('secret gar');
    await expect(producer.get(damaged[0]?.ref.generationId ?? '')).rejects.toMatchObject({ code: 'store.corrupt-record' });

    // While a cap is corrupt no caller can enqueue; a worker that starts writes the cap again.
    await redis.hset(`${PREFIX}:caps`, 'all:day', 'lots');
    await expect(enqueue('too early')).rejects.toMatchObject({ code: 'store.corrupt-record', details: { key: `${PREFIX}:caps` } });
    await fleet.workers[0]?.stop();
    await fleet.workers[0]?.start();
    const afterwards = await enqueue('afterwards');
    expect((await producer.wait(afterwards.generationId, { timeoutMs: 30_000 })).status).toBe('succeeded');

    for (const { key, field, sound: value } of damaged) await redis.hset(key, field, value);
    for (const { name, ref } of damaged)
      expect((await producer.wait(ref.generationId, { timeoutMs: 60_000 })).status, name).toBe('succeeded');
    expect(countExecutions(await readBilledTasks(fleet.billFile))).toBe(sound.length + 1 + damaged.length);
  } finally {
    redis.disconnect();
    await producer.close();
    await fleet.stop();
  }
});
