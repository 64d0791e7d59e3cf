import { createGenerationId } from '@darkroom/contracts';
import { jobIdOf } from '@darkroom/queues';
import { expect, test } from 'vitest';
import { setup, type World } from './world.ts';

const unclaimed = (world: World): Promise<string[]> => world.redis.lrange(`${world.prefix}:deliveries-unclaimed`, 0, -1);

test('a generation that counts as open and has no record is brought back when S3 knows it', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref);
  await world.redis.del(world.generationKey(ref), world.submissionKey(ref));
  expect((await world.pass({ isThorough: true })).summary).toMatchObject({ 'open-without-record': '1 repaired' });
  expect((await world.store.find(ref.generationId))?.status).toBe('running');
  expect((await world.pass({ isThorough: true })).summary).toEqual({});
});

test('a generation that counts as open, has no record and was never sent is named and counts no more', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.redis.del(world.generationKey(ref), world.submissionKey(ref));
  const pass = await world.pass({ isThorough: true });
  expect(pass.summary).toMatchObject({ 'open-without-record': '1 named' });
  expect(pass.named).toContainEqual({ kind: 'open-without-record', generationId: ref.generationId });
  expect(await world.redis.zcard(`${world.prefix}:open`)).toBe(0);
  expect((await world.pass({ isThorough: true })).summary).toEqual({});
});

test('a generation of which a part is missing that S3 does not know is named each time, and its money stays on hold', async () => {
  await using world = await setup();
  const [, other] = await world.enqueue(2);
  await world.redis.del(world.submissionKey(other!));
  for (const isThorough of [true, false, true])
    expect((await world.pass({ isThorough })).summary).toEqual({ 'record-incomplete': '1 named', 'ledger-drift': '4 named' });
});

test('an idempotency key that leads to no generation is removed: nothing was bought with it', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue(1, { idempotencyKey: 'mine' });
  await world.redis.del(world.generationKey(ref), world.submissionKey(ref));
  await world.redis.zrem(`${world.prefix}:open`, ref.generationId);
  expect((await world.pass({ isThorough: true })).summary).toMatchObject({ 'idempotency-key-left': '1 repaired' });
  expect(await world.redis.keys(`${world.prefix}:idempotency:*`)).toEqual([]);
});

test('an idempotency key that outlives its generation for a set time is left alone', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue(1, { idempotencyKey: 'mine' });
  await world.store.cancel(ref.generationId);
  await world.submissions.queue.remove(jobIdOf(ref));
  await world.redis.del(world.generationKey(ref), world.submissionKey(ref));
  expect((await world.pass({ isThorough: true })).summary).toEqual({});
  expect(await world.redis.keys(`${world.prefix}:idempotency:*`)).toHaveLength(1);
});

test('a delivery that had found no record is handed over when there is one', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref);
  const [record, generation] = [await world.submission(ref), await world.redis.hgetall(world.generationKey(ref))];
  await world.redis.del(world.submissionKey(ref), world.generationKey(ref));
  await world.store.recordDelivery(ref, { body: '{"data":[]}\n' });
  await world.redis.hset(world.submissionKey(ref), record);
  await world.redis.hset(world.generationKey(ref), generation);
  expect(await unclaimed(world)).toHaveLength(1);
  expect((await world.pass()).summary).toEqual({ 'unclaimed-delivery': '1 repaired' });
  expect(await unclaimed(world)).toEqual([]);
  expect(await world.store.newestDelivery(ref)).toBe(1);
  expect(await world.jobOf('settlements', ref)).toBe('waiting');
  expect((await world.pass()).summary).toEqual({});
});

test('a delivery for a purchase that only S3 knows brings it back', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref);
  await world.redis.del(world.submissionKey(ref), world.generationKey(ref));
  await world.redis.zrem(`${world.prefix}:open`, ref.generationId);
  await world.store.recordDelivery(ref, { body: '{"data":[]}' });
  expect((await world.pass()).summary).toMatchObject({ 'unclaimed-delivery': '1 repaired' });
  expect(await world.submission(ref)).toMatchObject({ status: 'committed', deliverySeq: '1' });
});

test('a delivery of which nothing is known is named and forgotten, and so is one whose image is home', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref);
  await world.finish(ref);
  await world.redis.del(world.submissionKey(ref), world.generationKey(ref));
  await world.store.recordDelivery(ref, { body: 'a prompt' });
  const stranger = { generationId: createGenerationId(Date.now()), index: 0, n: 1 };
  await world.store.recordDelivery(stranger, { body: 'a prompt' });
  const pass = await world.pass();
  expect(pass.summary).toMatchObject({ 'unclaimed-delivery': '2 named' });
  expect(JSON.stringify(pass)).not.toContain('a prompt');
  expect(await unclaimed(world)).toEqual([]);
});
