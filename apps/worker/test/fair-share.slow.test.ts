import { eventually } from '@darkroom/testing';
import { expect, inject, test } from 'vitest';
import { jainIndex, setup, sharesOf } from './fair-world.ts';

const FEW = 20;
const LIMIT_MS = 240_000;

/** Weights of the eight that enqueue little. */
const weights = { a: 1, b: 1, c: 2, d: 4, e: 1, f: 3, g: 1, h: 8 };

test(
  'each of nine tenants gets a share by its weight, although one of them enqueues a thousand times as much',
  { timeout: LIMIT_MS },
  async () => {
    await using world = await setup(inject('redisUrl'));
    await world.enqueue('many', 1000 * FEW);
    // two at once: what is under way when the second tenant comes was begun before
    world.startWorkers(2, 1);
    await eventually(() => expect(world.bought.length).toBeGreaterThan(100), { withinMs: LIMIT_MS });
    for (const [tenant, weight] of Object.entries(weights)) {
      await world.weigh(tenant, weight);
      await world.enqueue(tenant, FEW * weight);
    }
    const from = world.bought.length;
    const all = { many: 1, ...weights };
    const few = Object.values(weights).reduce((sum, weight) => sum + FEW * weight, 0);
    const ofFew = (): number => world.bought.filter(({ tenant }) => tenant !== 'many').length;
    await eventually(() => expect(ofFew()).toBe(few), { withinMs: LIMIT_MS });
    const lastOf = (name: string): number => world.bought.findLastIndex(({ tenant }) => tenant === name);
    const until = Math.min(...Object.keys(weights).map(lastOf));
    const shares = sharesOf(world.bought.slice(from, until));
    const index = jainIndex(Object.entries(all).map(([tenant, weight]) => (shares[tenant] ?? 0) / weight));
    process.stdout.write(
      `${1000 * FEW} images against ${FEW} and more: ${JSON.stringify(shares)} while all waited, Jain's index ${index.toFixed(5)}\n`,
    );
    expect(index).toBeGreaterThanOrEqual(0.99);
  },
);
