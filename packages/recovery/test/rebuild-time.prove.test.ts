import { createGenerationId, taskUuidOf, type SubmissionRef } from '@darkroom/contracts';
import { createObjectStorage } from '@darkroom/object-storage';
import { startTestS3 } from '@darkroom/testing';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { eachAtOnce } from '../src/at-once.ts';
import { DAY_MS, runRebuild } from './run-rebuild.ts';
import { startWorld } from './world.ts';

const S3_ANSWERS_AFTER_MS = 30;
/** Records in the bucket, two for each generation; such as REBUILD_RECORDS=10000,100000. */
const sizes = (process.env['REBUILD_RECORDS'] ?? '10000').split(',').map(Number);
const rows: string[] = [];

/** A bucket with generations of the last two days, each with an intent and a result, and an empty Redis. */
async function setup(records: number) {
  const world = await startWorld();
  let isSlow = false;
  const s3 = await startTestS3({ delayMs: () => (isSlow ? S3_ANSWERS_AFTER_MS : 0) });
  const archive = createObjectStorage({ ...s3, requestTimeoutMs: 10_000, maxImageBytes: 1024 }, { now: Date.now });
  onTestFinished(async () => {
    archive.close();
    await s3.stop();
    await world.stop();
  });
  await world.begin();
  const [ref] = await world.enqueue();
  const intent = await world.send(ref);
  const result = await world.end(ref, 'succeeded');
  const [now, generations] = [Date.now(), records / 2];
  const seed = async (at: number): Promise<void> => {
    const generationId = createGenerationId(now - Math.floor((at / generations) * 2 * DAY_MS));
    const one: SubmissionRef = { generationId, index: 0, n: 1 };
    const { provider, model, outline } = intent;
    const kept = await archive.recordRequest({ generationId, provider, model, request: { ...outline, positivePrompt: 'a'.repeat(500) } });
    const requestDigest = kept.kind === 'kept' ? kept.requestDigest : '';
    await archive.recordIntent({ ...intent, ...one, taskUUID: taskUuidOf(one), requestDigest });
    await archive.recordResult({ ...result, ...one, taskUUID: taskUuidOf(one) });
  };
  await eachAtOnce(Array(generations).keys(), 32, seed);
  await world.wipe();
  isSlow = true;
  return { world, s3, archive };
}

afterAll(() => {
  process.stdout.write(['', 'records | ended        | store open after | processor time | keys in Redis', ...rows, ''].join('\n'));
});

// Today's clock and one of twenty days later: then the week has passed for which Redis keeps what has ended.
test.each(sizes.flatMap((records) => [[records, 'this week', 0] as const, [records, '20 days ago', 20 * DAY_MS] as const]))(
  'a rebuild reads each of %i records that ended %s once',
  async (records, ended, laterMs) => {
    const { world, s3, archive } = await setup(records);
    const [cpu, startedAt, readBefore] = [process.cpuUsage(), performance.now(), s3.countOf('GetObject')];
    const outcome = await runRebuild(world, {}, { archive, now: () => Date.now() + laterMs });
    const seconds = (performance.now() - startedAt) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    const keys = (await world.redis.keys(`${world.prefix}*`)).length;
    rows.push(
      [
        String(records).padEnd(7),
        ended.padEnd(12),
        `${seconds.toFixed(1)} s`.padEnd(16),
        `${((user + system) / 1e6).toFixed(1)} s`.padEnd(14),
        keys,
      ].join(' | '),
    );
    expect(outcome).toMatchObject({
      kind: 'opened',
      done: laterMs === 0 ? { generations: records / 2, past: 0 } : { generations: 0, past: records / 2 },
    });
    expect(s3.countOf('GetObject') - readBefore).toBe(laterMs === 0 ? records * 1.5 : records);
    if (laterMs > 0) expect(keys, 'of what ended long ago the ledger alone').toBeLessThan(50);
  },
);
