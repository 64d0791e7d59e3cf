import type { SubmissionRef } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { ended, endedForGood, nextOf, retention, setup, type World } from './world.ts';

const FOR_EVER = -1;

/** Time for which each key of a generation stays, in seconds. */
const ttlsOf = async ({ redis, prefix }: World, { generationId }: SubmissionRef): Promise<number[]> => {
  const keys = await redis.keys(`${prefix}:*:${generationId}*`);
  return Promise.all(keys.map((key) => redis.ttl(key)));
};
const expectRetired = async (world: World, ref: SubmissionRef, keys: number): Promise<void> => {
  const ttls = await ttlsOf(world, ref);
  expect(ttls).toHaveLength(keys);
  for (const ttl of ttls) {
    expect(ttl).toBeGreaterThan(retention.recordSeconds - 60);
    expect(ttl).toBeLessThanOrEqual(retention.recordSeconds);
  }
  expect(await world.redis.zscore(`${world.prefix}:open`, ref.generationId)).toBeNull();
};
const expectKept = async (world: World, ref: SubmissionRef): Promise<void> => {
  for (const ttl of await ttlsOf(world, ref)) expect(ttl).toBe(FOR_EVER);
  expect(await world.redis.zscore(`${world.prefix}:open`, ref.generationId)).not.toBeNull();
};

test('a generation that is home stays for the set time, with its submissions and deliveries', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref);
  await world.store.recordDelivery(ref, { body: '{}' });
  await expectKept(world, ref);
  await world.store.settle(ref, ended(ref, 'succeeded'));
  await expectRetired(world, ref, 5);
});

test('a delivery that comes after the end stays no longer than the record', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref);
  await world.store.settle(ref, ended(ref, 'succeeded'));
  await world.store.recordDelivery(ref, { body: '{}' });
  await expectRetired(world, ref, 5);
});

test('a delivery that comes in the last half second of a record does not stay for ever', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref);
  await world.store.settle(ref, ended(ref, 'succeeded'));
  const key = (kind: string): string => `${world.prefix}:${kind}:${ref.generationId}:${ref.index}-${ref.n}`;
  // At once, over one connection: nothing comes in between.
  const [, receipt, ttl] = await Promise.all([
    world.redis.pexpire(key('submission'), 450),
    world.store.recordDelivery(ref, { body: '{}' }),
    world.redis.pttl(key('deliveries')),
  ]);
  expect(receipt.kind).toBe('recorded');
  expect(ttl).not.toBe(FOR_EVER);
});

test('a cancelled generation is kept while a submission is under way', async () => {
  await using world = await setup();
  const [sent] = await world.enqueue(2);
  await world.send(sent);
  await world.store.cancel(sent.generationId);
  await expectKept(world, sent);
  await world.store.settle(sent, ended(sent, 'failed'));
  await expectRetired(world, sent, 6);
});

test('a generation is kept while an outcome is unknown and its money on hold', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref, 'unknown');
  await world.store.settle(ref, ended(ref, 'unknown'));
  await expectKept(world, ref);
  await world.store.settle(ref, endedForGood(ref, 'lost'));
  await expectRetired(world, ref, 4);
});

test('money on hold keeps a generation also when its image came home by another submission', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref);
  await world.store.settle(ref, ended(ref, 'failed'));
  await world.send(nextOf(ref), 'unknown');
  await world.store.settle(ref, ended(ref, 'succeeded'));
  await world.store.settle(nextOf(ref), ended(nextOf(ref), 'unknown'));
  await expectKept(world, ref);
  await world.store.settle(nextOf(ref), endedForGood(nextOf(ref), 'failed'));
  await expectRetired(world, ref, 6);
});

test('an idempotency key is remembered while its generation is open, and for the set time after', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue(1, { idempotencyKey: 'order-7' });
  const [key = ''] = await world.redis.keys(`${world.prefix}:idempotency:*`);
  expect(await world.redis.ttl(key)).toBe(FOR_EVER);
  await world.send(ref);
  await world.store.settle(ref, endedForGood(ref, 'succeeded'));
  expect(await world.redis.ttl(key)).toBeGreaterThan(retention.idempotencySeconds - 60);
});
