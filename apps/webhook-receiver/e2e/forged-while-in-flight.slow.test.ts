import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createProducer } from '@darkroom/producer';
import { countExecutions, eventually, readBilledTasks, startFleet } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { buildForgeries } from '../test/forgeries.ts';
import { dumpKeys } from '../test/redis-world.ts';
import { startThief } from './thief.ts';

/** Reads the hash of every file below a folder. */
async function readFolder(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const digests = names.map(
    async (name) =>
      [
        name,
        createHash('sha256')
          .update(await readFile(name))
          .digest('hex'),
      ] as const,
  );
  return Object.fromEntries((await Promise.all(digests)).toSorted());
}

test('with an image in flight no forgery changes Redis or S3, and a hundred copies of the true delivery settle it once', async () => {
  const thief = await startThief();
  const fleet = await startFleet({
    webhookBaseUrl: thief.url,
    workerEnv: { TIMING_FIRST_POLL_MS: '60000', TIMING_MAX_POLL_MS: '60000' },
  });
  const producer = createProducer({ redisUrl: fleet.redisUrl });
  const redis = new Redis(fleet.redisUrl);
  const [worker] = fleet.workers;
  const picture = async () => ({ redis: await dumpKeys(redis, '*'), s3: await readFolder(join(fleet.directory, 's3')) });
  try {
    const ids = await Promise.all(['one', 'two'].map((positivePrompt) => producer.enqueue({ positivePrompt, width: 1024, height: 1024 })));
    await eventually(() => expect(thief.stolen).toHaveLength(2), { withinMs: 20_000 });
    // Without workers nothing changes in Redis, once their marks have expired after a few seconds.
    await worker?.stop();
    await eventually(async () => expect(Object.keys(await dumpKeys(redis, '*stalled-check*'))).toEqual([]), { withinMs: 20_000 });
    const before = await picture();

    const [first, second] = thief.stolen.map(({ path }) => new URL(path, thief.url).searchParams.get('capability') ?? '');
    const forgeries = Object.entries(buildForgeries({ capability: first ?? '', other: second ?? '' }));
    for (const [name, path] of forgeries) {
      const response = await fetch(fleet.receiverUrl + path, { method: 'POST', body: thief.stolen[0]?.body ?? '' });
      expect([response.status, await response.text()], name).toEqual([401, '']);
    }
    expect(await picture()).toEqual(before);
    // two intents and two uploads
    expect(Object.keys(before.s3).length, 'S3 was not empty').toBeGreaterThanOrEqual(4);

    await worker?.start();
    for (const { path, body } of thief.stolen) {
      // A receiver on a busy machine answers 503 when Redis takes longer than a second, and the provider sends again.
      const statuses = new Set<number>();
      const send = () =>
        eventually(async () => {
          const { status } = await fetch(fleet.receiverUrl + path, { method: 'POST', body });
          statuses.add(status);
          expect(status).not.toBe(503);
        });
      await Promise.all(Array.from({ length: 100 }, send));
      expect([...statuses].filter((status) => status !== 503)).toEqual([200]);
    }
    for (const { generationId } of ids) {
      expect((await producer.wait(generationId, { timeoutMs: 20_000 })).status).toBe('succeeded');
      expect(await redis.hlen(`${fleet.prefix}:deliveries:${generationId}:0-1`)).toBe(1);
    }
    expect(countExecutions(await readBilledTasks(fleet.billFile))).toBe(2);
  } finally {
    redis.disconnect();
    await producer.close();
    await fleet.stop();
    await thief.stop();
  }
});
