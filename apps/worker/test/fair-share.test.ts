import { eventually } from '@darkroom/testing';
import { expect, inject, test } from 'vitest';
import { jainIndex, setup, sharesOf } from './fair-world.ts';

const skewed = { a: 200, b: 100, c: 80, d: 60, e: 50, f: 40, g: 30, h: 25, i: 20 };
const fewest = Math.min(...Object.values(skewed));
const LIMIT_MS = 60_000;

test('nine tenants that enqueue up to ten times as much as each other get the same share', { timeout: LIMIT_MS }, async () => {
  await using world = await setup(inject('redisUrl'));
  for (const [tenant, images] of Object.entries(skewed)) await world.enqueue(tenant, images);
  world.startWorkers(2, 5);
  const all = Object.values(skewed).reduce((sum, images) => sum + images, 0);
  await eventually(() => expect(world.bought).toHaveLength(all), { withinMs: LIMIT_MS });
  const untilOneIsDone = world.bought.slice(0, fewest * Object.keys(skewed).length);
  const shares = sharesOf(untilOneIsDone);
  const index = jainIndex(Object.keys(skewed).map((tenant) => shares[tenant] ?? 0));
  process.stdout.write(`nine skewed tenants: ${JSON.stringify(shares)}, Jain's index ${index.toFixed(5)}\n`);
  expect(index).toBeGreaterThanOrEqual(0.99);
  expect(await world.redis.exists(`${world.prefix}:line`, `${world.prefix}:line-clocks`)).toBe(0);
});

test('tenants get shares by their weights, however much each has enqueued', { timeout: LIMIT_MS }, async () => {
  await using world = await setup(inject('redisUrl'));
  const weights: Record<string, number> = { c: 4 };
  await world.weigh('c', 4);
  for (const [tenant, images] of Object.entries({ a: 200, b: 20, c: 160 })) await world.enqueue(tenant, images);
  world.startWorkers(2, 5);
  await eventually(() => expect(world.bought).toHaveLength(380), { withinMs: LIMIT_MS });
  const shares = sharesOf(world.bought.slice(0, 20 * 6));
  const index = jainIndex(['a', 'b', 'c'].map((tenant) => (shares[tenant] ?? 0) / (weights[tenant] ?? 1)));
  process.stdout.write(`weights 1, 1 and 4: ${JSON.stringify(shares)}, Jain's index of the weighted shares ${index.toFixed(5)}\n`);
  expect(index).toBeGreaterThanOrEqual(0.99);
});

test('priorities order the images of a tenant, and give it no larger share', { timeout: LIMIT_MS }, async () => {
  await using world = await setup(inject('redisUrl'));
  await world.enqueue('marks', 300);
  await world.enqueue('plain', 300);
  await world.enqueue('marks', 1, { priority: 'high' });
  world.startWorkers(2, 5);
  await eventually(() => expect(world.bought.length).toBeGreaterThan(0));
  await world.enqueue('marks', 60, { priority: 'high' });
  const ofMarks = () => world.bought.filter(({ tenant }) => tenant === 'marks');
  const normalsThen = ofMarks().filter(({ priority }) => priority === 'normal').length;
  await eventually(() => expect(world.bought).toHaveLength(661), { withinMs: LIMIT_MS });
  const own = ofMarks();
  const place = own.findIndex(({ priority }) => priority === 'high');
  const untilLastHigh = own.slice(
    0,
    own.findLastIndex(({ priority }) => priority === 'high'),
  );
  const passedBy = untilLastHigh.filter(({ priority }) => priority === 'normal').length - normalsThen;
  const { marks = 0, plain = 0 } = sharesOf(world.bought.slice(0, 500));
  process.stdout.write(
    `the first "high" image was the ${place + 1}th of its tenant; ${passedBy} "normal" ones went between 60 "high" ones; ${marks} against ${plain} images\n`,
  );
  // ten are under way at once
  expect(place).toBeLessThan(12);
  expect(passedBy).toBeLessThan(12);
  expect(marks / plain).toBeGreaterThan(0.9);
  expect(marks / plain).toBeLessThan(1.1);
});
