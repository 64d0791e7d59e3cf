import { eventually } from '@darkroom/testing';
import { expect, inject, test } from 'vitest';
import { jainIndex, setup, sharesOf } from './fair-world.ts';

const FEW = 20;
const LIMIT_MS = 240_000;

test('a tenant with a thousandth of the images of another one gets the same share', { timeout: LIMIT_MS }, async () => {
  await using world = await setup(inject('redisUrl'));
  await world.enqueue('many', 1000 * FEW);
  // two at once: what is under way when the second tenant comes was begun before
  world.startWorkers(2, 1);
  await eventually(() => expect(world.bought.length).toBeGreaterThan(100), { withinMs: LIMIT_MS });
  await world.enqueue('few', FEW);
  const ofFew = () => world.bought.flatMap(({ tenant }, at) => (tenant === 'few' ? [at] : []));
  await eventually(() => expect(ofFew()).toHaveLength(FEW), { withinMs: LIMIT_MS });
  const [first = 0, last = 0] = [ofFew()[0], ofFew().at(-1)];
  const { many = 0, few = 0 } = sharesOf(world.bought.slice(first, last + 1));
  const index = jainIndex([many, few]);
  process.stdout.write(`${1000 * FEW} images against ${FEW}: ${many} and ${few} while both waited, Jain's index ${index.toFixed(5)}\n`);
  expect(index).toBeGreaterThanOrEqual(0.99);
});
