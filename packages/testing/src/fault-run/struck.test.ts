import { expect, test } from 'vitest';
import { deriveSchedule, type Fault } from './schedule.ts';
import { usualFaults } from './settings.ts';
import { whatDidNotStrike } from './struck.ts';

const schedule = deriveSchedule({ seed: 1, generations: 400, workers: 2, receivers: 2, scale: 1, ...usualFaults(400) });
const struck: Partial<Record<Fault['kind'], number>> = {};
for (const { fault } of schedule) struck[fault.kind] = (struck[fault.kind] ?? 0) + 1;
const whole = { schedule, counts: { struck }, wrongClocks: 1, capStops: 1 };

test('a run that was struck by all that it was to suffer is in no doubt', () => {
  expect(whatDidNotStrike(whole)).toEqual([]);
});

test.each(Object.keys(struck) as Fault['kind'][])('a run that %s never struck is no proof', (kind) => {
  const { [kind]: _, ...others } = struck;
  expect(whatDidNotStrike({ ...whole, counts: { struck: others } })).toEqual([`${kind} never struck`]);
});

test('nor is one that was struck less often than was planned', () => {
  expect(whatDidNotStrike({ ...whole, counts: { struck: { ...struck, kill: 9 } } })).toEqual(['kill struck 9 of 10 times']);
});

test('nor is one without a wrong clock, or whose cap stopped nothing', () => {
  expect(whatDidNotStrike({ ...whole, wrongClocks: 0, capStops: 0 })).toHaveLength(2);
  const { capStops: _, ...uncapped } = whole;
  expect(whatDidNotStrike(uncapped)).toEqual([]);
});

test('nor is one whose Redis was to go back further than any worker compared it from', () => {
  const wentBack = { plannedMs: 600_000, oldestCheckpointMs: 599_999 };
  expect(whatDidNotStrike({ ...whole, wentBack })).toEqual([expect.stringContaining('redis never went back by 600000 ms') as string]);
  expect(whatDidNotStrike({ ...whole, wentBack: { ...wentBack, oldestCheckpointMs: 600_000 } })).toEqual([]);
});

test('a run is put through each kind of fault, of which it is asked whether it struck', () => {
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
