import { setTimeout as delay } from 'node:timers/promises';
import type { AppRun } from '../fleet/run-app.ts';
import type { Order } from './orders.ts';
import { tenantRules } from './tenants.ts';

/** Runs a command of an operator, such as `release`. */
export type Operate = (words: readonly string[]) => Promise<AppRun>;

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
  for (const words of commands) await operateUntilDone(operate, words);
}

/** Before the first fault a command fails only when this machine is too busy: S3 has the short time-outs of the run. */
const TRIES = 5;
const REST_MS = 1000;

/** Runs a command of an operator, who runs it again when it fails. Each of these may be repeated. @returns its output. @throws Error with every output. */
export async function operateUntilDone(operate: Operate, words: string[]): Promise<string> {
  const outputs: string[] = [];
  for (let tries = 0; tries < TRIES; tries += 1) {
    if (tries > 0) await delay(REST_MS);
    const { code, output } = await operate(words);
    if (code === 0) return output;
    outputs.push(`code ${code}: ${output.trim()}`);
  }
  throw new Error(`darkroom ${words.join(' ')} failed ${TRIES} times: ${outputs.join('\n')}`);
}
