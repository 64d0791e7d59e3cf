import type { Order } from './orders.ts';
import type { Operate } from './release-order.ts';
import { tenantRules } from './tenants.ts';

/** Images that may be open: fewer than the callers of a load have, so that the bounds refuse some. An order has at most 8. */
const OPEN_IMAGES = 50;
const OPEN_IMAGES_PER_TENANT = 10;

/** Returns the bounds on open images. Poisoned orders may stay open, and take no place of others. */
export function boundsOf(orders: readonly Pick<Order, 'images' | 'tenant' | 'isPoisoned'>[]): { all: number; tenant: number } {
  const poisoned = new Map<string, number>();
  for (const { isPoisoned, tenant, images } of orders) if (isPoisoned === true) poisoned.set(tenant, (poisoned.get(tenant) ?? 0) + images);
  const all = [...poisoned.values()].reduce((sum, images) => sum + images, OPEN_IMAGES);
  return { all, tenant: OPEN_IMAGES_PER_TENANT + Math.max(0, ...poisoned.values()) };
}

/** Sets the rules of the tenants and the bounds on open images with the commands of an operator. @throws Error if one fails. */
export async function setRules(operate: Operate, orders: readonly Order[]): Promise<void> {
  const { all, tenant: each } = boundsOf(orders);
  const commands = [
    ['limits', '--open-images', String(all), '--open-images-per-tenant', String(each)],
    ...Object.entries(tenantRules).map(([tenant, options]) => ['tenant', tenant, ...options]),
  ];
  for (const words of commands) {
    const { code, output } = await operate(words);
    if (code !== 0) throw new Error(`darkroom ${words.join(' ')} failed: ${output}`);
  }
}
