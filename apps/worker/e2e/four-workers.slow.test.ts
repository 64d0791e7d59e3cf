import { createProducer } from '@darkroom/producer';
import { eventually, readBilledTasks, startFleet } from '@darkroom/testing';
import { expect, test } from 'vitest';
import { expectOneOfEach } from './judge.ts';

const GENERATIONS = 120;

/** Returns the number of submissions that a worker has sent, from its own metrics. */
async function readSent(workerUrl: string): Promise<number> {
  const response = await fetch(`${workerUrl}/metrics`, { headers: { connection: 'close' } });
  const lines = (await response.text()).split('\n');
  return lines
    .filter((line) => line.startsWith('darkroom_submit_request_seconds_count'))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

test('four workers share the work evenly, and an operator can stop one at any time', async () => {
  const fleet = await startFleet({
    workers: 4,
    workerEnv: { WORKER_SUBMIT_CONCURRENCY: '2' },
    faults: { executionMs: [100, 400], submitSlowRate: 1, submitSlowMs: 150 },
  });
  const producer = createProducer({ redisUrl: fleet.redisUrl });
  try {
    const enqueued = await Promise.all(
      Array.from({ length: GENERATIONS }, (_, at) => producer.enqueue({ positivePrompt: `generation ${at}`, width: 1280, height: 896 })),
    );
    await eventually(async () => expect((await readBilledTasks(fleet.billFile)).size).toBeGreaterThanOrEqual(GENERATIONS / 2), {
      withinMs: 30_000,
    });
    const sent = await Promise.all(fleet.workerUrls.map(readSent));
    const total = sent.reduce((sum, each) => sum + each, 0);
    console.info(`sent by each of four workers, of ${total}: ${sent.join(', ')}`);
    for (const each of sent) expect(each / total).toBeGreaterThan(0.15);

    expect(await fleet.workers[2]?.stop()).toBe(0);
    const generations = await Promise.all(enqueued.map(({ generationId }) => producer.wait(generationId, { timeoutMs: 60_000 })));
    await expectOneOfEach(fleet, generations);
  } finally {
    await producer.close();
    await fleet.stop();
  }
});
