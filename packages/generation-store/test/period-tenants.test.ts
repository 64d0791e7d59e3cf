import { encodeTenant } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import type { TenantSpend } from '../src/index.ts';
import { ended, IMAGE_NANO_USD, setupAt, type World } from './world.ts';

const DAY = 'day:2026-11-30';
const MONTH = 'month:2026-11';

async function* pagesOf({ store }: World, period: typeof DAY, limit: number): AsyncGenerator<TenantSpend[]> {
  let after: string | undefined;
  do {
    const page = await store.tenantsOf(period, { limit, ...(after !== undefined && { after }) });
    yield page.tenants;
    after = page.next;
  } while (after !== undefined);
}

test('a period names the tenants that enqueued or spent in it, with their money', async () => {
  await using world = await setupAt(Date.UTC(2026, 10, 30, 12));
  const [paid] = await world.enqueue(2, { tenant: 'a@b' });
  await world.send(paid);
  await world.store.settle(paid, ended(paid, 'succeeded'));
  await world.enqueue(1, { tenant: 'later', runAt: Date.UTC(2026, 11, 1, 12) });
  const spent = [
    { tenant: 'a@b', reservedNanoUsd: IMAGE_NANO_USD, settledNanoUsd: IMAGE_NANO_USD },
    { tenant: 'later', reservedNanoUsd: 0, settledNanoUsd: 0 },
  ];
  for (const period of [DAY, MONTH] as const) expect(await world.store.tenantsOf(period)).toEqual({ tenants: spent, total: 2 });
  expect(await world.store.tenantsOf('day:2026-11-29')).toEqual({ tenants: [], total: 0 });

  await world.setTime(Date.UTC(2026, 11, 1, 12));
  await world.enqueue(1, { tenant: 'new' });
  expect((await world.store.tenantsOf('month:2026-12')).tenants.map(({ tenant }) => tenant)).toEqual(['new']);
  expect((await world.store.tenantsOf(MONTH)).total).toBe(2);
  expect(await world.redis.ttl(`${world.prefix}:tenants:${DAY}`)).toBeGreaterThan(39 * 86_400);
  expect(await world.redis.ttl(`${world.prefix}:tenants:${MONTH}`)).toBeGreaterThan(399 * 86_400);
});

test('a sum that cannot be read counts as none, and hides no other', async () => {
  await using world = await setupAt(Date.UTC(2026, 10, 30, 12));
  for (const tenant of ['damaged', 'sound']) await world.enqueue(1, { tenant });
  await world.redis.set(`${world.prefix}:spend:tenant:damaged:${DAY}`, 'of another type');
  expect((await world.store.tenantsOf(DAY)).tenants).toEqual([
    { tenant: 'damaged', reservedNanoUsd: 0, settledNanoUsd: 0 },
    { tenant: 'sound', reservedNanoUsd: IMAGE_NANO_USD, settledNanoUsd: 0 },
  ]);
});

test('a set that cannot be written ends no purchase', async () => {
  await using world = await setupAt(Date.UTC(2026, 10, 30, 12));
  for (const period of [DAY, MONTH]) await world.redis.set(`${world.prefix}:tenants:${period}`, 'of another type');
  const [ref] = await world.enqueue();
  expect(await world.send(ref)).toBe('accepted');
});

test('the tenants of a day with 100,000 come in pages, each once, while others enqueue', { timeout: 60_000 }, async () => {
  await using world = await setupAt(Date.UTC(2026, 10, 30, 12));
  const count = 100_000;
  const names = Array.from({ length: count }, (_, at) => `tenant:${String(at).padStart(6, '0')}`);
  for (let from = 0; from < count; from += 5000) {
    const some = names.slice(from, from + 5000).map(encodeTenant);
    const pipeline = world.redis.pipeline().zadd(`${world.prefix}:tenants:${DAY}`, ...some.flatMap((name) => [0, name]));
    for (const name of some) pipeline.hset(`${world.prefix}:spend:tenant:${name}:${DAY}`, 'settled', 7);
    await pipeline.exec();
  }
  const seen: string[] = [];
  const tookMs: number[] = [];
  let begunAt = performance.now();
  for await (const page of pagesOf(world, DAY, 1000)) {
    tookMs.push(performance.now() - begunAt);
    expect(page.every(({ settledNanoUsd }) => settledNanoUsd === 7 || settledNanoUsd === 0)).toBe(true);
    seen.push(...page.map(({ tenant }) => tenant));
    // one before the page and one behind it
    if (tookMs.length === 50) for (const tenant of ['a', 'z']) await world.enqueue(1, { tenant });
    begunAt = performance.now();
  }
  expect(seen.length).toBe(new Set(seen).size);
  expect(seen.filter((tenant) => tenant.startsWith('tenant:'))).toEqual(names);
  expect(seen).toContain('z');
  expect(tookMs.length).toBeLessThanOrEqual(102);
  const median = tookMs.toSorted((a, b) => a - b)[Math.floor(tookMs.length / 2)] ?? Infinity;
  expect(median, 'milliseconds of a page').toBeLessThan(250);
});
