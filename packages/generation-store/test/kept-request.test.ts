import { createGenerationId, grokImagineImage, parseGrokImagineRequest, type SubmissionRef } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { ended, IMAGE_NANO_USD, retention, setup, type World } from './world.ts';

const PROMPT = 'a red door in the rain';
const request = parseGrokImagineRequest({ positivePrompt: PROMPT, width: 1280, height: 896, outputFormat: 'PNG' });
/** A request with an image inside. */
const large = parseGrokImagineRequest({
  positivePrompt: PROMPT,
  inputs: { referenceImages: [`data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAA${'A'.repeat(250_000)}`] },
});
const keyOf = ({ prefix }: World, { generationId }: SubmissionRef): string => `${prefix}:generation:${generationId}:request`;
const entryOf = ({ prefix }: World, { generationId }: SubmissionRef): string => `${prefix}:generation:${generationId}`;

test.each([request, large])(
  'a request lies apart, the entry holds nothing personal, and each is read and bought in full',
  async (given) => {
    await using world = await setup();
    const [ref] = await world.enqueue(1, { request: given });
    const entry = JSON.stringify(await world.generation(ref.generationId));
    expect(entry.length, 'every script reads the entry').toBeLessThan(1500);
    expect(entry).not.toContain(PROMPT);
    expect(entry).not.toContain('iVBORw0KGgo');
    expect((await world.store.find(ref.generationId))?.request).toEqual(given);
    const { request: sent, intent } = await world.open(ref);
    expect(sent).toEqual(given);
    expect(intent).toMatchObject({
      provider: 'runware',
      model: 'xai:grok-imagine@image',
      outline: grokImagineImage.outline(given).request,
    });
    expect((await world.store.beginSettlement(ref))?.expected).toEqual(grokImagineImage.outline(given).expected);
  },
);

test('entries of earlier versions, with the request inside or a large one apart, are read, bought and settled as before', async () => {
  await using world = await setup();
  for (const given of [request, large]) {
    const [ref] = await world.enqueue(1, { request: given });
    await world.redis.hdel(entryOf(world, ref), 'provider', 'model', 'expected', 'outline');
    if (given === large)
      await world.redis.hset(
        entryOf(world, ref),
        'outline',
        JSON.stringify({ ...large, positivePrompt: '', inputs: { referenceImages: [] } }),
      );
    else {
      await world.redis.hset(entryOf(world, ref), 'request', JSON.stringify(given));
      await world.redis.del(keyOf(world, ref));
    }
    expect((await world.store.find(ref.generationId))?.request).toEqual(given);
    const { request: sent, intent } = await world.open(ref);
    expect(sent).toEqual(given);
    const { expected, request: outline } = grokImagineImage.outline(given);
    expect(intent).toMatchObject({ version: 2, provider: 'runware', model: 'xai:grok-imagine@image', outline });
    expect((await world.store.beginSettlement(ref))?.expected).toEqual(expected);
  }
});

test('a request ends with its entry, and lives again with it', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue(1, { request });
  await world.send(ref);
  expect(await world.redis.ttl(keyOf(world, ref))).toBe(-1);
  await world.store.settle(ref, ended(ref, 'succeeded'));
  expect(await world.redis.ttl(keyOf(world, ref))).toBeGreaterThan(retention.recordSeconds - 60);
});

const remembered = (ref: SubmissionRef) => ({
  generationId: ref.generationId,
  tenant: 'acme',
  outline: grokImagineImage.outline(request),
  imageNanoUsd: IMAGE_NANO_USD,
  createdAt: 1,
  submissions: [{ index: 0, n: 1, failures: 0 }],
});

test('without its request a generation is named and not bought, nothing else of it moves, and S3 brings it back', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue(1, { request });
  await world.redis.del(keyOf(world, ref));
  const before = await world.keyspace();
  expect(await world.store.commit(ref, 'token')).toMatchObject({ kind: 'stop', reason: 'request-missing' });
  await expect(world.store.find(ref.generationId)).rejects.toMatchObject({ details: { key: keyOf(world, ref) } });
  expect(await world.keyspace()).toEqual(before);

  await world.store.restore({ ...remembered(ref), request });
  expect((await world.open(ref)).request).toEqual(request);
});

test('a lost request is given back to its own entry alone, and stays as long as that', async () => {
  await using world = await setup();
  const webhook = { url: 'https://app.example/hook', types: ['generation.succeeded' as const] };
  const labels = { tags: ['spring'], metadata: { order: '7' }, webhook };
  const [ref] = await world.enqueue(1, { request, ...labels });
  const before = await world.redis.hgetall(keyOf(world, ref));
  await world.redis.del(keyOf(world, ref));
  expect(await world.store.returnRequest(ref.generationId, { request: { ...request, positivePrompt: 'another' } })).toBe('other');
  expect(await world.redis.exists(keyOf(world, ref))).toBe(0);
  await world.store.cancel(ref.generationId);
  expect(await world.store.returnRequest(ref.generationId, { request, ...labels })).toBe('returned');
  expect(await world.redis.hgetall(keyOf(world, ref))).toEqual(before);
  expect(await world.redis.ttl(keyOf(world, ref))).toBeGreaterThan(0);
  await world.store.forgetRequest(ref.generationId);
  expect(await world.store.returnRequest(ref.generationId, { request }), 'erased meanwhile').toBe('other');
  const unknown = createGenerationId(Date.now());
  expect(await world.store.returnRequest(unknown, { request })).toBe('no-record');
});

test('a request that S3 has confirmed is known to later sends, until Redis may have forgotten that it was erased', async () => {
  await using world = await setup();
  const [ref, other] = await world.enqueue(2, { request: { ...request, numberResults: 2 } });
  const { send, requestDigest } = await world.open(ref);
  expect(requestDigest).toBeUndefined();
  const digest = 'a'.repeat(64);
  expect(await world.store.isNewestSend(ref, send, digest)).toBe(true);
  expect((await world.open(other!)).requestDigest).toBe(digest);
  expect((await world.store.commit(other!, 'again')).kind).toBe('go');

  await world.redis.set(`${world.prefix}:server-run`, 'another run');
  await world.store.confirmComparison(await world.store.readServerRun());
  expect((await world.open(ref)).requestDigest, 'in another memory').toBeUndefined();
});

test('a request that is erased is nowhere in Redis, and the rest of its generation stays and is not sent', async () => {
  await using world = await setup();
  const [sent, unsent] = await world.enqueue(2, { request: { ...request, numberResults: 2 }, idempotencyKey: 'order-1' });
  await world.send(sent);
  const digest = (await world.generation(sent.generationId))['requestDigest'] ?? '';
  expect(await world.store.forgetRequest(sent.generationId, grokImagineImage.outline(request))).toBe(true);

  const everything = JSON.stringify(await world.keyspace());
  expect(everything).not.toContain(PROMPT);
  expect(everything, 'by which a guess could be confirmed').not.toContain(digest);
  expect(await world.store.find(sent.generationId)).toMatchObject({ status: 'running', request: { positivePrompt: '', width: 1280 } });
  expect(await world.store.commit(unsent!, 'token')).toMatchObject({ kind: 'stop', reason: 'request-gone' });
  expect((await world.store.beginSettlement(sent))?.expected).toEqual(grokImagineImage.outline(request).expected);
  await world.store.settle(sent, ended(sent, 'succeeded'));
  expect((await world.store.find(sent.generationId))?.images[0]).toMatchObject({ status: 'succeeded' });
  const again = { ...remembered(sent), request, tenant: 'acme', idempotencyKey: 'order-1' };
  await expect(world.store.enqueue(again), 'nothing tells whether it is the same').rejects.toThrow('erased or lost');
  const another = { ...again, generationId: '0192f0a0-0000-7000-8000-000000000000' };
  await expect(world.store.enqueue(another)).rejects.toThrow('erased or lost');
});

test('the key of an erased generation tells of the erasure, also when its entry has left Redis', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue(1, { request, idempotencyKey: 'order-1' });
  await world.store.cancel(ref.generationId);
  await world.store.forgetRequest(ref.generationId, grokImagineImage.outline(request));
  await world.redis.hset(`${world.prefix}:erasure:${ref.generationId}`, 'erasedAt', '1800000000000', 'tenant', 'acme');
  const again = { ...remembered(ref), generationId: createGenerationId(Date.now()), request, tenant: 'acme', idempotencyKey: 'order-1' };
  const gone = { code: 'generation.erased', details: { generationId: ref.generationId, erasedAt: 1_800_000_000_000 } };
  await expect(world.store.enqueue(again)).rejects.toMatchObject(gone);
  await world.redis.del(entryOf(world, ref));
  await expect(world.store.enqueue(again)).rejects.toMatchObject(gone);
  await world.redis.hset(`${world.prefix}:erasure:${ref.generationId}`, 'keepsImages', '1');
  await expect(world.store.enqueue(again), 'by its age').rejects.toMatchObject({ code: 'request.conflict' });
});

test('an entry of an earlier version forgets its request, too', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue(1, { request });
  await world.redis.hdel(entryOf(world, ref), 'provider', 'model', 'expected', 'outline');
  await world.redis.hset(entryOf(world, ref), 'request', JSON.stringify(request));
  await world.redis.del(keyOf(world, ref));
  await world.store.forgetRequest(ref.generationId, grokImagineImage.outline(request));
  expect(JSON.stringify(await world.keyspace())).not.toContain(PROMPT);
  expect((await world.store.beginSettlement(ref))?.expected).toEqual(grokImagineImage.outline(request).expected);
});

test('a generation whose request is erased or lost is restored, and nothing of it is sent', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue(1, { request });
  await world.redis.del(entryOf(world, ref), keyOf(world, ref), `${world.prefix}:submission:${ref.generationId}:0-1`);
  expect(await world.store.restore(remembered(ref))).toBe(1);
  expect(await world.store.find(ref.generationId)).toMatchObject({ status: 'queued', request: { positivePrompt: '' } });
  expect(await world.store.commit(ref, 'token')).toMatchObject({ kind: 'stop', reason: 'request-gone' });
});

test('a generation that ends its time while it is read is there in full or not at all', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue(1, { request: large });
  const reading = world.store.find(ref.generationId);
  const gone = world.redis.del(entryOf(world, ref), keyOf(world, ref));
  expect([(await reading)?.request, await gone]).toEqual([large, 2]);
  expect(await world.store.find(ref.generationId)).toBeUndefined();
});
