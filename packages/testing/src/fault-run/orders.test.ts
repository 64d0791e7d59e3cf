import { expect, test } from 'vitest';
import { deriveOrders, POISON } from './orders.ts';
import { deriveProviderFaults } from './provider-faults.ts';
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
