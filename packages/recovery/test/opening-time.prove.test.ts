import { createGenerationId, taskUuidOf } from '@darkroom/contracts';
import { createObjectStorage, intentKey, resultKey } from '@darkroom/object-storage';
import { afterAll, expect, test } from 'vitest';
import { DAY_MS, runRebuild } from './run-rebuild.ts';
import { startSlowBucket } from './slow-bucket.ts';
import { startWorld } from './world.ts';

const BUCKET = 'far-away';
const REQUEST_TAKES_MS = 30;
/** Generations that are open when Redis is lost. */
const OPEN = 1000;
/** What had ended was written so long before the sums. */
const OLD_MS = 20 * 60_000;
/** Records in the bucket, two for each generation; such as REBUILD_RECORDS=10000,1000000. */
const sizes = (process.env['REBUILD_RECORDS'] ?? '100000').split(',').map(Number);
const rows: string[] = [];

afterAll(() => {
  process.stdout.write(['', 'records | store open after | processor time | lists | reads', ...rows, ''].join('\n'));
});

test.each(sizes)('with sums in S3 a store of %i records of two days opens when what is open is back', async (records) => {
  await using bucket = await startSlowBucket(BUCKET, REQUEST_TAKES_MS);
  const world = await startWorld();
  const archive = createObjectStorage(
    {
      endpoint: bucket.endpoint,
      region: 'us-east-1',
      bucket: BUCKET,
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      requestTimeoutMs: 30_000,
      maxImageBytes: 1024,
    },
    { now: Date.now },
  );
  try {
    await world.begin();
    const [ref] = await world.enqueue();
    const { intent } = await world.commit(ref);
    const [now, ended] = [Date.now(), records / 2];
    for (let at = 0; at < ended; at += 1) {
      const one = { generationId: createGenerationId(now - OLD_MS - Math.floor((at / ended) * 2 * DAY_MS)), index: 0, n: 1 };
      // They are not read before the store opens.
      bucket.put(intentKey(one, 0), '', now - OLD_MS);
      bucket.put(resultKey(one), '', now - OLD_MS);
    }
    for (let at = 0; at < OPEN; at += 1) {
      const one = { generationId: createGenerationId(now - 3_600_000 - at), index: 0, n: 1 };
      bucket.put(intentKey(one, 0), JSON.stringify({ ...intent, ...one, taskUUID: taskUuidOf(one) }), now - OLD_MS);
    }
    const sums = { version: 1, at: now, run: 'a run', level: 2, fromDay: '2020-01-01', fromMonth: '2020-01', periods: {} } as const;
    await archive.recordSums(sums, 'a');
    await world.wipe();

    const [startedAt, cpu, stop] = [performance.now(), process.cpuUsage(), new AbortController()];
    let [seconds, cpuSeconds, left] = [0, 0, 0];
    const onOpened = (found: number): Promise<void> => {
      const { user, system } = process.cpuUsage(cpu);
      // of this process, which plays the bucket as well
      [seconds, cpuSeconds, left] = [(performance.now() - startedAt) / 1000, (user + system) / 1e6, found];
      stop.abort();
      return Promise.resolve();
    };
    const outcome = await runRebuild(world, { onOpened, signal: stop.signal }, { archive });
    expect(outcome).toEqual({ kind: 'stopped', isOpen: true });
    expect(left).toBe(ended);
    const { list, get } = bucket.requests;
    rows.push(`${String(records).padEnd(7)} | ${seconds.toFixed(1)} s | ${cpuSeconds.toFixed(1)} s | ${list} | ${get}`);
    expect(get, 'what had ended is not read').toBeLessThan(2 * OPEN);
    // Two days are listed side by side. On a busy machine the time of the wall tells of others.
    expect(cpuSeconds + (list * REQUEST_TAKES_MS) / 2000, 'alone on a machine').toBeLessThan(300);
  } finally {
    archive.close();
    await world.stop();
  }
});
