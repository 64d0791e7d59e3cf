import { createProducer } from '@darkroom/producer';
import { createSubmissions } from '@darkroom/queues';
import { countExecutions, eventually, readBilledTasks, startFleet } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';

const ORDERS = 100;
/** The longest wait of a run without S3, in a fleet of the tests. */
const MAX_TROUBLE_MS = 1000;

test('a backlog rests in the queue while S3 is away, and workers continue when S3 is back', async () => {
  let isAway = false;
  const fleet = await startFleet({ workers: 1, disturbS3: () => ({ delayMs: 0, refuses: isAway ? 'the request' : 'nothing' }) });
  const redis = new Redis(fleet.redisUrl);
  const producer = createProducer({ redisUrl: fleet.redisUrl });
  const submissions = createSubmissions(redis, { prefix: fleet.prefix });
  onTestFinished(async () => {
    await producer.close();
    await submissions.close();
    redis.disconnect();
    await fleet.stop();
  });
  const troubles = async (): Promise<number> => {
    const text = await (await fetch(`${fleet.workerUrls[0]}/metrics`)).text();
    const lines = text.split('\n').filter((line) => line.startsWith('darkroom_run_troubles_total') && line.includes('submissions'));
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  };

  isAway = true;
  await producer.enqueueMany(Array.from({ length: ORDERS }, () => ({ positivePrompt: 'a lighthouse', width: 1024, height: 1024 })));
  await eventually(async () => expect((await fetch(`${fleet.workerUrls[0]}/readyz`)).status).toBe(503));
  // The worker tries the jobs that it took before it noticed, and no others.
  await eventually(
    async () => {
      const before = await troubles();
      const ends = performance.now() + 3 * MAX_TROUBLE_MS;
      await eventually(() => expect(performance.now()).toBeGreaterThan(ends));
      expect(await troubles()).toBe(before);
    },
    { withinMs: 20_000 },
  );
  expect(await submissions.queue.getJobCountByTypes('delayed')).toBeLessThan(ORDERS / 4);
  expect(countExecutions(await readBilledTasks(fleet.billFile))).toBe(0);

  isAway = false;
  await eventually(async () => expect(countExecutions(await readBilledTasks(fleet.billFile))).toBe(ORDERS), { withinMs: 60_000 });
});
