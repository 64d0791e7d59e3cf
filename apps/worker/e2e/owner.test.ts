import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createProducer } from '@darkroom/producer';
import { builtApp, countExecutions, readBilledTasks, startFleet, type Fleet } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';

let fleet: Fleet;

beforeAll(async () => {
  fleet = await startFleet({ workers: 1 });
});
afterAll(() => fleet.stop());

/** Runs another worker on the stores of the fleet until it ends. */
async function runWorker(settings: Readonly<Record<string, string>>): Promise<{ code: number | null; said: string }> {
  const { s3Config, emulatorUrl } = fleet;
  const child = spawn(process.execPath, [builtApp('worker')], {
    env: {
      PATH: process.env['PATH'],
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      REDIS_URL: fleet.redisUrl,
      S3_BUCKET: s3Config.bucket,
      S3_ENDPOINT: s3Config.endpoint,
      S3_ACCESS_KEY_ID: s3Config.credentials.accessKeyId,
      S3_SECRET_ACCESS_KEY: s3Config.credentials.secretAccessKey,
      RUNWARE_API_KEY: 'test-key',
      RUNWARE_URL: `${emulatorUrl}/v1`,
      PORT: '0',
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (said += bytes.toString()));
  const [code] = (await once(child, 'exit')) as [number | null]; // the arguments of the event
  return { code, said };
}

test('a worker of another prefix, and one bound to another Darkroom, refuse to start on this bucket and buy nothing', async () => {
  const producer = createProducer({ redisUrl: fleet.redisUrl });
  const other = new Redis(fleet.redisUrl);
  try {
    const { generationId } = await producer.enqueue({ positivePrompt: 'a lighthouse', width: 1024, height: 1024 });
    expect(await producer.wait(generationId, { timeoutMs: 30_000 })).toMatchObject({ status: 'succeeded' });

    const second = await runWorker({ DARKROOM_PREFIX: '{second}' });
    expect(second.code).toBe(1);
    expect(second.said).toContain('"code":"store.foreign-bucket"');
    expect(second.said).toContain('each prefix needs a bucket of its own');
    expect(await other.exists('{second}:epoch')).toBe(0);

    const bound = await runWorker({ DARKROOM_ID: randomUUID() });
    expect(bound.code).toBe(1);
    expect(bound.said).toContain('DARKROOM_ID names');
    for (const line of `${second.said}${bound.said}`.trim().split('\n')) expect(() => JSON.parse(line) as unknown).not.toThrow();
    expect(countExecutions(await readBilledTasks(fleet.billFile))).toBe(1);
  } finally {
    other.disconnect();
    await producer.close();
  }
});
