import { createGenerationId, taskUuidOf } from '@darkroom/contracts';
import { createObjectStorage, intentKey, resultKey } from '@darkroom/object-storage';
import { startSlowBucket } from '@darkroom/testing';
import { afterAll, expect, test } from 'vitest';
import { RESTORED_AT_ONCE } from '../src/restore-forgotten.ts';
import { DAY_MS, runRebuild } from './run-rebuild.ts';
import { startWorld } from './world.ts';

const BUCKET = 'far-away';
const REQUEST_TAKES_MS = 30;
const HOUR_MS = 3_600_000;
/** Time between the writing of ended generations and the sums. */
const OLD_MS = 20 * 60_000;
const numbersOf = (text: string): number[] => text.split(',').map(Number);
/** Records of ended generations in the bucket, two for each; such as REBUILD_RECORDS=10000,1000000. */
const sizes = numbersOf(process.env['REBUILD_RECORDS'] ?? '1000000');
/** Generations that are open when Redis is lost. */
const opens = numbersOf(process.env['REBUILD_OPEN'] ?? '1000,100000');
const cases = sizes.flatMap((records) => opens.map((open) => [records, open] as const));
const rows: string[] = [];

afterAll(() => {
  process.stdout.write(['', 'records | open | store open after | processor time | lists | reads', ...rows, ''].join('\n'));
});

test.each(cases)(
  'with sums in S3 a store of %i records of two days and %i open generations opens when these are back',
  async (records, open) => {
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
      for (let at = 0; at < open; at += 1) {
        const one = { generationId: createGenerationId(now - HOUR_MS - Math.floor((at / open) * HOUR_MS)), index: 0, n: 1 };
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
      rows.push(
        `${String(records).padEnd(7)} | ${String(open).padEnd(6)} | ${seconds.toFixed(1)} s | ${cpuSeconds.toFixed(1)} s | ${list} | ${get}`,
      );
      expect(get, 'what had ended is not read').toBeLessThan(2 * open);
      // Two days are listed side by side, and what is open is read beside that. On a busy machine the time of the wall tells of others.
      const waitedMs = (list / 2 + get / RESTORED_AT_ONCE) * REQUEST_TAKES_MS;
      // The aim is that of 1,000 open generations; each more costs about 3 ms of processor time and a read.
      expect(cpuSeconds + waitedMs / 1000, 'alone on a machine').toBeLessThan(300 + open * 0.006);
    } finally {
      archive.close();
      await world.stop();
    }
  },
);
