import { expect, test } from 'vitest';
import { deriveClockOffsets } from './clocks.ts';
import { deriveOrders } from './orders.ts';
import { deriveProviderFaults } from './provider-faults.ts';
import { deriveSchedule } from './schedule.ts';
import { usualFaults, type FaultRunSettings } from './settings.ts';
import { timingOf } from './timing.ts';

const settingsOf = (seed: number, generations = 2000): FaultRunSettings => ({
  seed,
  generations,
  workers: 2,
  receivers: 2,
  ordersPerSecond: 20,
  scale: 1,
  ...usualFaults(generations),
});

test('equal settings give equal schedules, orders and providers, and another seed gives others', () => {
  for (const derive of [deriveSchedule, deriveOrders, (settings: FaultRunSettings) => deriveProviderFaults(settings, timingOf(1))]) {
    expect(derive(settingsOf(1))).toEqual(derive(settingsOf(1)));
    expect(derive(settingsOf(2))).not.toEqual(derive(settingsOf(1)));
  }
});

test('more faults of one kind change none of the others', () => {
  const kindsBut = (left: string, changed: Partial<FaultRunSettings>) =>
    deriveSchedule({ ...settingsOf(1), ...changed }).filter(({ fault }) => fault.kind !== left);
  expect(kindsBut('redis-rollback', { rollbacks: 9 })).toEqual(kindsBut('redis-rollback', {}));
  expect(kindsBut('script-flush', { redisKills: 4 })).toEqual(
    expect.arrayContaining(kindsBut('script-flush', { redisKills: 3 })), // of its own kind it adds one as well
  );
});

test('a rollback with a stated length begins early and has that length', () => {
  const rollback = { lostMs: 600_000, idleMs: 5000 };
  const strikes = deriveSchedule({ ...settingsOf(1), rollbacks: 2, rollback }).filter(({ fault }) => fault.kind === 'redis-rollback');
  expect(strikes).toHaveLength(2);
  for (const { afterOrders, fault } of strikes) {
    expect(afterOrders).toBeLessThanOrEqual(0.05 * 2000);
    expect(fault).toMatchObject(rollback);
  }
});

test('more orders change no earlier order and no fault, which strikes after the same share of the orders', () => {
  for (const seed of [1, 2, 3]) {
    expect(deriveOrders(settingsOf(seed, 2000)).slice(0, 300)).toEqual(deriveOrders(settingsOf(seed, 300)));
    const given = settingsOf(seed, 2000);
    // Compared by kind: faults of one target at the same order may change places.
    const faultsOf = (generations: number) =>
      deriveSchedule({ ...given, generations })
        .map(({ afterOrders, ...rest }) => ({ share: afterOrders / generations, what: JSON.stringify(rest) }))
        .toSorted((one, other) => (one.what < other.what ? -1 : one.what > other.what ? 1 : one.share - other.share));
    const [fewer, more] = [faultsOf(600), faultsOf(2000)];
    expect(more.map(({ what }) => what)).toEqual(fewer.map(({ what }) => what));
    for (const [at, { share }] of more.entries()) expect(Math.abs(share - (fewer[at]?.share ?? 2))).toBeLessThan(2 / 600);
  }
});

test('more orders bring more of the usual faults, and change no earlier fault', () => {
  const [fewer, more] = [400, 2000].map((generations) =>
    deriveSchedule(settingsOf(1, generations)).map(({ fault }) => JSON.stringify(fault)),
  );
  expect(more).toEqual(expect.arrayContaining(fewer ?? []));
  expect(more?.length).toBeGreaterThan(fewer?.length ?? Infinity);
});

test('2,000 generations meet at least 40 kills, 3 kills of Redis and 2 rollbacks', () => {
  const faults = deriveSchedule(settingsOf(1)).map(({ fault }) => fault.kind);
  const count = (kind: string): number => faults.filter((each) => each === kind).length;
  expect(count('kill')).toBeGreaterThanOrEqual(40);
  expect(count('redis-kill')).toBeGreaterThanOrEqual(3);
  expect(count('redis-rollback')).toBeGreaterThanOrEqual(2);
  for (const kind of ['freeze', 's3-trouble', 'script-flush', 'redis-rollback-after-429', 'redis-failover', 'redis-silence', 'redis-full'])
    expect(count(kind), kind).toBeGreaterThan(0);
});

test('each failover has a replica that is behind by a different time', () => {
  const lags = Array.from({ length: 20 }, (_, seed) => deriveSchedule(settingsOf(seed))).flatMap((schedule) =>
    schedule.flatMap(({ fault }) => (fault.kind === 'redis-failover' ? [fault.lagMs] : [])),
  );
  expect(new Set(lags).size).toBeGreaterThan(30);
  expect(Math.min(...lags)).toBeLessThan(200);
  expect(Math.max(...lags)).toBeGreaterThan(1200);
});

test('faults strike every part, and only while callers place orders', () => {
  const schedule = deriveSchedule(settingsOf(3));
  expect([...new Set(schedule.map(({ target }) => target))].toSorted()).toEqual([
    'api',
    'emulator',
    'eraser',
    'notifier',
    'receiver-0',
    'receiver-1',
    'redis',
    's3',
    'worker-0',
    'worker-1',
  ]);
  for (const { afterOrders } of schedule) {
    expect(afterOrders).toBeGreaterThan(0);
    expect(afterOrders).toBeLessThanOrEqual(2000);
  }
});

test('some freezes of workers outlast the lock of a job, and none lasts a resend window', () => {
  const { lockDurationMs, resendWindowMs } = timingOf(1);
  const freezes = deriveSchedule(settingsOf(1)).flatMap(({ fault }) => (fault.kind === 'freeze' ? [fault.forMs] : []));
  expect(freezes.some((ms) => ms > lockDurationMs)).toBe(true);
  expect(Math.max(...freezes)).toBeLessThan(resendWindowMs / 4);
});

test('with a provider that forgets after the window, a worker sleeps until then', () => {
  const { resendWindowMs } = timingOf(1);
  const sleeps = deriveSchedule({ ...settingsOf(1), forget: 'after-window' }).filter(
    ({ fault }) => fault.kind === 'freeze' && fault.forMs > 2 * resendWindowMs,
  );
  expect(sleeps).toHaveLength(1);
});

test('at least one clock is wrong, never that of the first worker or receiver, and one more worker changes no other clock', () => {
  const offsets = Array.from({ length: 300 }, (_, seed) => deriveClockOffsets(settingsOf(seed)));
  expect(new Set(offsets.flatMap((each) => [...each.keys()]))).toEqual(new Set(['worker-1', 'receiver-1']));
  expect(new Set(offsets.map((each) => each.get('worker-1')))).toEqual(new Set([0, 40_000, -40_000]));
  for (const each of offsets) expect([...each.values()].some((offset) => offset !== 0)).toBe(true);
  for (const [seed, each] of offsets.entries())
    expect(deriveClockOffsets({ ...settingsOf(seed), workers: 3 }).get('worker-1')).toBe(each.get('worker-1'));
});

test('orders of every kind occur', () => {
  const orders = deriveOrders(settingsOf(1));
  expect(orders).toHaveLength(2000);
  for (const [kind, holds] of Object.entries({
    'several images': ({ request }) => (request.numberResults ?? 1) > 1,
    'a reference image': ({ imageUsd }) => imageUsd === '0.022',
    'two reference images': ({ imageUsd }) => imageUsd === '0.024',
    'an idempotency key': ({ idempotencyKey }) => idempotencyKey !== undefined,
    'a repeated enqueue': ({ repeats }) => repeats?.with === 'same-id',
    'a repeated idempotency key': ({ repeats }) => repeats?.with === 'idempotency-key',
    'an old id': ({ mintedAgoMs }) => mintedAgoMs !== undefined,
    'a cancel': ({ cancelAfterMs }) => cancelAfterMs !== undefined,
    'a time to run': ({ runAfterMs }) => runAfterMs !== undefined,
    'a deadline': ({ deadlineAfterMs }) => deadlineAfterMs !== undefined,
  } satisfies Record<string, (order: (typeof orders)[number]) => boolean>)) {
    expect(orders.filter(holds).length, kind).toBeGreaterThan(10);
  }
});
