import { randomUUID } from 'node:crypto';
import { createProducer } from '@darkroom/producer';
import { countExecutions, readBilledTasks, runApp, startFleet, storesEnvironment, type AppRun, type Fleet } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';

let fleet: Fleet;

beforeAll(async () => {
  fleet = await startFleet({ workers: 1 });
});
afterAll(() => fleet.stop());

/** Runs another worker on the stores of the fleet to its end. */
const runWorker = (settings: Readonly<Record<string, string>>): Promise<AppRun> =>
  runApp('worker', [], {
    ...storesEnvironment({ redisUrl: fleet.redisUrl, prefix: fleet.prefix, s3: fleet.s3Config }),
    RUNWARE_API_KEY: 'test-key',
    RUNWARE_URL: `${fleet.emulatorUrl}/v1`,
    PORT: '0',
    ...settings,
  });

test('a worker of another prefix, and one bound to another Darkroom, refuse to start on this bucket and buy nothing', async () => {
  const producer = createProducer({ redisUrl: fleet.redisUrl });
  const other = new Redis(fleet.redisUrl);
  try {
    const { generationId } = await producer.enqueue({ positivePrompt: 'a lighthouse', width: 1024, height: 1024 });
    expect(await producer.wait(generationId, { timeoutMs: 30_000 })).toMatchObject({ status: 'succeeded' });

    const second = await runWorker({ DARKROOM_PREFIX: '{second}' });
    expect(second.code).toBe(1);
    expect(second.output).toContain('"code":"store.foreign-bucket"');
    expect(second.output).toContain('each prefix needs a bucket of its own');
    expect(await other.exists('{second}:epoch')).toBe(0);

    const bound = await runWorker({ DARKROOM_ID: randomUUID() });
    expect(bound.code).toBe(1);
    expect(bound.output).toContain('DARKROOM_ID names');
    for (const line of `${second.output}${bound.output}`.trim().split('\n')) expect(() => JSON.parse(line) as unknown).not.toThrow();
    expect(countExecutions(await readBilledTasks(fleet.billFile))).toBe(1);
  } finally {
    other.disconnect();
    await producer.close();
  }
});
