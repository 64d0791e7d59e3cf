import { expect, test } from 'vitest';
import { deriveSchedule, type Fault } from './schedule.ts';
import { usualFaults } from './settings.ts';
import { whatDidNotStrike } from './struck.ts';

const schedule = deriveSchedule({ seed: 1, generations: 400, workers: 2, receivers: 2, scale: 1, ...usualFaults(400) });
const struck: Partial<Record<Fault['kind'], number>> = {};
for (const { fault } of schedule) struck[fault.kind] = (struck[fault.kind] ?? 0) + 1;
const whole = { schedule, counts: { struck }, wrongClocks: 1, capStops: 1 };

test('a run in which every planned fault struck is a proof', () => {
  expect(whatDidNotStrike(whole)).toEqual([]);
});

test.each(Object.keys(struck) as Fault['kind'][])('a run in which %s never struck is no proof', (kind) => {
  const { [kind]: _, ...others } = struck;
  expect(whatDidNotStrike({ ...whole, counts: { struck: others } })).toEqual([`${kind} never struck`]);
});

test('a run with fewer faults than planned is no proof', () => {
  expect(whatDidNotStrike({ ...whole, counts: { struck: { ...struck, kill: 9 } } })).toEqual(['kill struck 9 of 16 times']);
});

test('a run without a wrong clock, or whose cap stopped no order, is no proof', () => {
  expect(whatDidNotStrike({ ...whole, wrongClocks: 0, capStops: 0 })).toHaveLength(2);
  const { capStops: _, ...uncapped } = whole;
  expect(whatDidNotStrike(uncapped)).toEqual([]);
});

test('a run whose Redis went back less far than planned is no proof', () => {
  const wentBack = { plannedMs: 600_000, oldestCheckpointMs: 599_999 };
  expect(whatDidNotStrike({ ...whole, wentBack })).toEqual([expect.stringContaining('redis never went back by 600000 ms') as string]);
  expect(whatDidNotStrike({ ...whole, wentBack: { ...wentBack, oldestCheckpointMs: 600_000 } })).toEqual([]);
});

test('a run has each kind of fault that the check counts', () => {
  expect(Object.keys(struck).toSorted()).toEqual([
    'freeze',
    'kill',
    'redis-failover',
    'redis-full',
    'redis-kill',
    'redis-rollback',
    'redis-rollback-after-429',
    'redis-silence',
    's3-trouble',
    'script-flush',
  ]);
});
