import { expect, test } from 'vitest';
import { deriveOrders, POISON } from './orders.ts';
import { deriveProviderFaults } from './provider-faults.ts';
import { boundsOf } from './rules.ts';
import { usualFaults, type FaultRunSettings } from './settings.ts';
import { timingOf } from './timing.ts';

const settings: FaultRunSettings = {
  seed: 7,
  generations: 3000,
  workers: 2,
  receivers: 2,
  ordersPerSecond: 20,
  scale: 1,
  ...usualFaults(3000),
};

test('one order in a hundred is poisoned, and only its prompt shows that to the provider', () => {
  const orders = deriveOrders(settings);
  const poisoned = orders.filter(({ isPoisoned }) => isPoisoned === true);
  expect(poisoned.length / orders.length).toBeGreaterThan(0.005);
  expect(poisoned.length / orders.length).toBeLessThan(0.02);
  expect(orders.filter(({ request }) => JSON.stringify(request).includes(POISON))).toEqual(poisoned);
});

test('flagged images are ordered by tenants with a rule and by an option, with the content check, and an operator releases some', () => {
  const orders = deriveOrders(settings);
  const withholding = orders.filter(({ withholds }) => withholds !== undefined);
  for (const { request } of withholding) expect(request.safety).toEqual({ checkContent: true });
  const flagged = withholding.filter(({ isFlagged }) => isFlagged === true);
  expect(new Set(flagged.map(({ withholds }) => withholds))).toEqual(new Set(['rule', 'option']));
  expect(flagged.length).toBeGreaterThan(60);
  for (const { request } of flagged) expect(request.positivePrompt).toMatch(/\bnsfw\b/);
  const released = orders.filter(({ releasedAfterMs }) => releasedAfterMs !== undefined);
  expect(released.length / flagged.length).toBeCloseTo(0.4, 0);
  for (const order of released) expect(flagged).toContain(order);
});

test('the bounds on open images leave room for poisoned orders, which may stay open', () => {
  const order = { images: 2, tenant: 'acme' };
  expect(boundsOf([order])).toEqual({ all: 50, tenant: 10 });
  const poisoned = { ...order, isPoisoned: true };
  expect(boundsOf([poisoned, poisoned, { ...poisoned, tenant: 'other' }])).toEqual({ all: 56, tenant: 14 });
});

test('the settings decide the number of slow callers and the age of their ids', () => {
  const agesOf = (given: Partial<FaultRunSettings>) =>
    deriveOrders({ ...settings, ...given }).flatMap(({ mintedAgoMs }) => (mintedAgoMs === undefined ? [] : [mintedAgoMs]));
  expect(agesOf({}).length / 3000).toBeCloseTo(0.03, 1);
  const slow = agesOf({ slowCallers: { share: 1 / 3, withinMs: 23 * 3_600_000 } });
  expect(slow.length / 3000).toBeCloseTo(1 / 3, 1);
  expect(Math.max(...slow)).toBeGreaterThan(22 * 3_600_000);
});

test('waiting callers ask again only if the reconciler rests', () => {
  expect(deriveOrders(settings).some(({ asksAgain }) => asksAgain)).toBe(false);
  expect(deriveOrders({ ...settings, reconcileEveryMs: 1 }).every(({ asksAgain }) => asksAgain)).toBe(true);
});

test('a server on the way answers poisoned orders during the faults, and passes them afterwards', () => {
  const { faulty, calm } = deriveProviderFaults(settings, timingOf(1));
  expect(faulty).toMatchObject({ poisonWord: POISON, poisonAnswer: 'html-403' });
  expect(calm).not.toHaveProperty('poisonWord');
});

test('some callers erase what they ordered, by id and by tag, before and after its end, and none of them enqueues or retries it again', () => {
  const erasing = deriveOrders(settings).filter(({ erases }) => erases !== undefined);
  expect(erasing.length).toBeGreaterThan(100);
  expect(new Set(erasing.map(({ erases }) => `${erases?.by} ${erases?.cancel}`)).size).toBe(4);
  for (const { erases, request, repeats, retries, asksAgain } of erasing) {
    expect([repeats, retries, asksAgain]).toEqual([undefined, undefined, undefined]);
    expect(request.positivePrompt).toContain(erases?.words);
  }
});
