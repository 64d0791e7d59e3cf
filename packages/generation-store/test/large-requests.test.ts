import { CorruptRecordError, parseGrokImagineRequest, type SubmissionRef } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { ended, retention, setup, type World } from './world.ts';

/** A request with an image inside. */
const large = parseGrokImagineRequest({
  positivePrompt: 'a red door',
  inputs: { referenceImages: [`data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAA${'A'.repeat(250_000)}`] },
});
const keyOf = ({ prefix }: World, { generationId }: SubmissionRef): string => `${prefix}:generation:${generationId}:request`;

test('a large request lies apart, what is small stays in the entry, and each is read and bought in full', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue(1, { request: large });
  expect(JSON.stringify(await world.generation(ref.generationId)).length, 'every script reads the entry').toBeLessThan(3000);
  expect((await world.store.find(ref.generationId))?.request).toEqual(large);
  expect((await world.open(ref)).request).toEqual(large);
  const seen = await world.store.beginSettlement(ref);
  expect(seen?.request, 'enough to verify the image').toMatchObject({ inputs: { referenceImages: [] }, outputFormat: large.outputFormat });

  const small = parseGrokImagineRequest({ positivePrompt: 'a red door' });
  const [other] = await world.enqueue(1, { request: small });
  expect(await world.redis.exists(keyOf(world, other))).toBe(0);
  expect(JSON.parse((await world.generation(other.generationId))['request'] ?? '')).toEqual(small);
});

test('a long prompt lies apart as well', async () => {
  await using world = await setup();
  const request = parseGrokImagineRequest({ positivePrompt: 'a red door, '.repeat(1000) });
  const [ref] = await world.enqueue(1, { request });
  expect(await world.redis.exists(keyOf(world, ref))).toBe(1);
  expect((await world.open(ref)).intent.request).toEqual(request);
});

test('an entry of an earlier version, with a large request inside, is read, bought and settled as before', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue(1, { request: large });
  const entry = `${world.prefix}:generation:${ref.generationId}`;
  await world.redis.hset(entry, 'request', JSON.stringify(large));
  await world.redis.hdel(entry, 'outline');
  await world.redis.del(keyOf(world, ref));
  expect((await world.store.find(ref.generationId))?.request).toEqual(large);
  expect((await world.open(ref)).request).toEqual(large);
  expect((await world.store.beginSettlement(ref))?.request).toEqual(large);
});

test('a large request ends with its entry, and lives again with it', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue(1, { request: large });
  await world.send(ref);
  expect(await world.redis.ttl(keyOf(world, ref))).toBe(-1);
  await world.store.settle(ref, ended(ref, 'succeeded'));
  expect(await world.redis.ttl(keyOf(world, ref))).toBeGreaterThan(retention.recordSeconds - 60);
});

test('without its large request a generation is named and not bought, nothing else of it moves, and S3 brings it back', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue(1, { request: large });
  await world.redis.del(keyOf(world, ref));
  const before = await world.keyspace();
  const error = await world.store.commit(ref, 'token').catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(CorruptRecordError);
  expect((error as CorruptRecordError).details).toEqual({ key: keyOf(world, ref) });
  await expect(world.store.find(ref.generationId)).rejects.toMatchObject({ details: { key: keyOf(world, ref) } });
  expect(await world.keyspace()).toEqual(before);

  const { generationId } = ref;
  const remembered = { generationId, tenant: 'acme', request: large, imageNanoUsd: 20_000_000, createdAt: 1 };
  await world.store.restore({ ...remembered, submissions: [{ index: 0, n: 1, failures: 0 }] });
  expect((await world.open(ref)).request).toEqual(large);
});

test('a generation that ends its time while it is read is not there', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue(1, { request: large });
  const reading = world.store.find(ref.generationId);
  // Over the same connection: between the two steps of the read.
  const gone = world.redis.del(`${world.prefix}:generation:${ref.generationId}`, keyOf(world, ref));
  expect([await reading, await gone]).toEqual([undefined, 2]);
});
