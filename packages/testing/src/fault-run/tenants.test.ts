import { parseUsd } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { deriveOrders } from './orders.ts';
import { usualFaults } from './settings.ts';
import { CROWDED, priceOf, tenantCapUsd } from './tenants.ts';

const ordersOf = (generations: number, seed: number) =>
  deriveOrders({ seed, generations, workers: 2, receivers: 2, ordersPerSecond: 20, scale: 1, ...usualFaults(generations) });

/** Returns the load of each tenant, as a share of its cap. */
function loadsOf(orders: ReturnType<typeof ordersOf>): Map<string, number> {
  const cap = parseUsd(tenantCapUsd(orders));
  const loads = new Map<string, number>();
  for (const order of orders) loads.set(order.tenant, (loads.get(order.tenant) ?? 0) + priceOf(order) / cap);
  return loads;
}

test.each([400, 2000])(
  'one tenant places a tenth of %d orders, and reaches its cap after an eighth of them, or a little more',
  (generations) => {
    for (const seed of [1, 2, 3, 4]) {
      const orders = ordersOf(generations, seed);
      const crowded = orders.filter(({ tenant }) => tenant === CROWDED);
      expect(crowded).toHaveLength(generations / 10);
      const load = loadsOf(orders).get(CROWDED) ?? 0;
      expect(1 / load).toBeGreaterThan(0.1);
      expect(1 / load).toBeLessThan(0.35);
    }
  },
);

test.each([20, 150, 2000])('none of the 120 other tenants comes near its cap in %d orders', (generations) => {
  for (const seed of [1, 2, 3, 4]) {
    const { [CROWDED]: _, ...others } = Object.fromEntries(loadsOf(ordersOf(generations, seed)));
    expect(Object.keys(others).length).toBe(Math.min(120, generations * 0.9));
    expect(Math.max(...Object.values(others))).toBeLessThan(0.81);
  }
});

test('orders that wait at the cap have a deadline, and some have a runAt', () => {
  const crowded = ordersOf(2000, 1).filter(({ tenant }) => tenant === CROWDED);
  for (const { deadlineAfterMs, runAfterMs = 0 } of crowded) expect(deadlineAfterMs).toBeGreaterThan(runAfterMs);
  expect(crowded.filter(({ runAfterMs }) => runAfterMs !== undefined).length).toBeGreaterThan(10);
});
