import { expect, test } from 'vitest';
import { ended, IMAGE_NANO_USD, newGeneration, setup } from './world.ts';

test('the spend report says what is reserved and settled against which cap, and until when', async () => {
  await using world = await setup();
  await world.store.setCaps({ allPerDay: 1000 * IMAGE_NANO_USD, tenantPerMonth: 50 * IMAGE_NANO_USD });
  const [first] = await world.enqueue(3);
  await world.send(first);
  await world.store.settle(first, ended(first, 'succeeded'));
  const [day, month, ...others] = await world.store.readSpend();
  expect(others).toEqual([]);
  const spend = { reservedNanoUsd: 2 * IMAGE_NANO_USD, settledNanoUsd: IMAGE_NANO_USD };
  expect(day).toMatchObject({ ...spend, capNanoUsd: 1000 * IMAGE_NANO_USD });
  expect(day?.name).toMatch(/^all:day:\d{4}-\d\d-\d\d$/);
  expect(month).toMatchObject(spend);
  expect(month).not.toHaveProperty('capNanoUsd');
  expect((day?.resetsAt ?? 0) % 86_400_000).toBe(0);
  expect(day?.resetsAt).toBeGreaterThan(Date.now() - 60_000);
});

test('the spend of a tenant is its own', async () => {
  await using world = await setup();
  await world.store.enqueue(newGeneration(2, { tenant: 'acme' }));
  const acme = await world.store.readSpend('acme');
  expect(acme.map(({ name }) => name.replace(/:[\d-]+$/, ''))).toEqual(['all:day', 'all:month', 'tenant:acme:day', 'tenant:acme:month']);
  expect(acme.map(({ reservedNanoUsd }) => reservedNanoUsd)).toEqual(Array.from({ length: 4 }, () => 2 * IMAGE_NANO_USD));
  const other = await world.store.readSpend('zeta');
  expect(other.map(({ reservedNanoUsd }) => reservedNanoUsd)).toEqual([2 * IMAGE_NANO_USD, 2 * IMAGE_NANO_USD, 0, 0]);
});

test('open generations are counted, and the oldest is named until it is final', async () => {
  await using world = await setup();
  expect(await world.store.readOpenGenerations()).toEqual({ count: 0 });
  const [first] = await world.enqueue();
  const before = await world.store.readOpenGenerations();
  expect(before).toMatchObject({ count: 1, oldest: { generationId: first.generationId } });
  expect(Math.abs((before.oldest?.createdAt ?? 0) - Date.now())).toBeLessThan(60_000);
  await world.send(first);
  await world.store.settle(first, ended(first, 'succeeded'));
  expect(await world.store.readOpenGenerations()).toEqual({ count: 0 });
});
