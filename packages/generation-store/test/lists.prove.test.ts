import { fillGenerations, reserveRedis } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { buildGenerationStore, type ListFilter, type ListPlace } from '../src/index.ts';
import { retention } from './world.ts';

const FINISHED = Number(process.env['LISTED'] ?? 1_000_000);
const TENANTS = 9;
/** Longest page, in milliseconds, and largest lists, in bytes for each generation. */
const PAGE_MS = 20;
const LIST_BYTES = 800;
const PAGES = 200;

test('a page of a million finished generations takes less than 20 ms, and the lists less than 0.8 KB for each', async () => {
  await using own = await reserveRedis({ appendfsync: 'no' });
  await own.start();
  const redis = new Redis(own.url);
  const prefix = '{lists}';
  const store = buildGenerationStore({ prefix, retention, pollRate: { perSecond: 1, burst: 1 } }, redis);
  const from = Date.UTC(2026, 0, 1);
  // one in a hundred has failed
  await fillGenerations(redis, prefix, {
    count: FINISHED,
    from,
    everyMs: 10,
    tenants: TENANTS,
    statusOf: (at) => (at % 100 === 0 ? 'failed' : 'succeeded'),
  });

  let bytes = 0;
  for (const key of await redis.keys(`${prefix}:list:*`)) bytes += Number(await redis.memory('USAGE', key, 'SAMPLES', 1000));
  console.log(`${FINISHED} generations: ${Math.round(bytes / FINISHED)} bytes of lists for each`);
  expect(bytes / FINISHED).toBeLessThan(LIST_BYTES);

  const middle = from + FINISHED * 5;
  const cases: [string, ListFilter][] = [
    ['all', {}],
    ['one tenant', { tenant: 'tenant-3' }],
    ['failed', { statuses: ['failed'] }],
    ['a code of a tenant', { tenant: 'tenant-3', code: 'provider.refused' }],
    ['by creation', { createdFrom: middle, createdBefore: middle + 3_600_000 }],
    ['by end', { tenant: 'tenant-3', finishedFrom: middle }],
    ['failed by end: one entry in a hundred fits', { statuses: ['failed'], finishedFrom: from }],
  ];
  for (const [what, filter] of cases) {
    const times: number[] = [];
    await redis.config('RESETSTAT');
    let after: ListPlace | undefined;
    let listed = 0;
    for (let page = 0; page < PAGES; page += 1) {
      const startedAt = performance.now();
      const { generations, next } = await store.list(filter, 100, after);
      times.push(performance.now() - startedAt);
      listed += generations.length;
      after = next;
      if (after === undefined) break;
    }
    const usec = Number(/cmdstat_evalsha:calls=\d+,usec=\d+,usec_per_call=([\d.]+)/.exec(await redis.info('commandstats'))?.[1]);
    const sorted = times.toSorted((a, b) => a - b);
    const [p50 = 0, p99 = 0] = [sorted[Math.floor(sorted.length / 2)], sorted[Math.floor(sorted.length * 0.99)]];
    console.log(
      `${what}: ${sorted.length} pages, ${listed} generations, p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, of which Redis ${(usec / 1000).toFixed(2)}`,
    );
    expect(listed).toBeGreaterThan(0);
    expect(p50, what).toBeLessThan(PAGE_MS);
  }
  redis.disconnect();
});
