import { createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGenerationId, taskUuidOf, type SubmissionRef } from '@darkroom/contracts';
import { intentKey, resultKey } from '@darkroom/object-storage';
import { reserveRedis, startSlowBucket } from '@darkroom/testing';
import { expect, onTestFinished, test } from 'vitest';
import { spawnCli } from './world.ts';

/** Purchases in the bucket, each with an intent and a result. */
const PURCHASES = Number(process.env['BILL_PURCHASES'] ?? 1_000_000);
const REQUEST_TAKES_MS = 5;
const MONTH_MS = 30 * 86_400_000;
const BEGIN = Date.UTC(2026, 10, 1);
/** Memory of the whole process: Node, the AWS SDK, keys of a page and reads under way. */
const MOST_MEBIBYTES = 400;

const resultOf = (ref: SubmissionRef, settledAt: number): string =>
  JSON.stringify({
    version: 1,
    ...ref,
    taskUUID: taskUuidOf(ref),
    provider: 'runware',
    model: 'xai:grok-imagine@image',
    status: 'succeeded',
    settledAt,
    costNanoUsd: 20_000_000,
    costSource: 'reported',
    reservation: { amountNanoUsd: 20_000_000, periods: ['all:day:2026-11-15', 'all:month:2026-11'] },
  });

/** Reads the most memory of a process so far, and its processor time. */
function readUse(pid: number): { mebibytes: number; seconds: number } {
  const [, peak = '0'] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  const [user = 0, system = 0] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ').slice(11, 13).map(Number) ?? [];
  return { mebibytes: Number(peak) / 1024, seconds: (user + system) / 100 };
}

test('bill compares a month of a million purchases in a bucket, in bounded memory, with a read for each, and tells how far it is', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'darkroom-bill-of-bucket-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  await using redis = await reserveRedis({ appendfsync: 'no' });
  await redis.start();
  await using bucket = await startSlowBucket('darkroom', REQUEST_TAKES_MS);
  const file = path.join(folder, 'usage.csv');
  const charges = function* (): Generator<string> {
    yield 'date,taskUUID,cost\n';
    for (let at = 0; at < PURCHASES; at += 1) {
      const createdAt = BEGIN + Math.floor((at / PURCHASES) * MONTH_MS);
      const ref = { generationId: createGenerationId(createdAt), index: 0, n: 1 };
      bucket.put(intentKey(ref, 0), '', createdAt);
      bucket.put(resultKey(ref), () => resultOf(ref, createdAt + 5000), createdAt + 5000);
      yield `${new Date(createdAt).toISOString()},${taskUuidOf(ref)},${at === 2 ? '0.03' : '0.02'}\n`;
    }
  };
  await pipeline(Readable.from(charges()), createWriteStream(file));
  const cli = spawnCli(['bill', '--month', '2026-11', '--file', file], {
    REDIS_URL: redis.url,
    S3_BUCKET: 'darkroom',
    S3_ENDPOINT: bucket.endpoint,
    S3_ACCESS_KEY_ID: 'a',
    S3_SECRET_ACCESS_KEY: 'b',
  });
  const startedAt = performance.now();
  let use = { mebibytes: 0, seconds: 0 };
  const looking = setInterval(() => {
    try {
      const now = readUse(cli.pid ?? 0);
      use = { seconds: now.seconds, mebibytes: Math.max(use.mebibytes, now.mebibytes) };
    } catch {
      // it has just ended
    }
  }, 200);
  const { code } = await cli.ended;
  clearInterval(looking);
  const seconds = (performance.now() - startedAt) / 1000;
  console.log(
    `${PURCHASES} purchases: ${seconds.toFixed(0)} s, ${use.seconds.toFixed(0)} s of processor time, ${use.mebibytes.toFixed(0)} MiB, ${bucket.requests.list} lists, ${bucket.requests.get} reads`,
  );
  expect(cli.output()).toContain('1 difference\n');
  expect(code).toBe(3);
  expect(cli.output()).toMatch(/reads the bucket: \d+ purchases, up to 2026-11-\d\d/);
  expect(bucket.requests.get).toBeLessThan(PURCHASES + 20);
  expect(bucket.requests.list).toBeLessThan((2 * PURCHASES) / 1000 + 200);
  expect(use.mebibytes).toBeLessThan(MOST_MEBIBYTES);
});
