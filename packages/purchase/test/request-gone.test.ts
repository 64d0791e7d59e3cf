import { createHash } from 'node:crypto';
import { formatKeptInput } from '@darkroom/contracts';
import { requestKey } from '@darkroom/object-storage';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { submit } from '../src/index.ts';
import { imageOf, notKnownYet, startPurchaseWorld, type PurchaseWorld } from './purchase-world.ts';

let world: PurchaseWorld;
beforeAll(async () => {
  world = await startPurchaseWorld();
});
afterAll(() => world.stop());
beforeEach(() => world.setFaults({}));

const tombstone = (generationId: string): Promise<void> =>
  world.writeObject(requestKey(generationId), JSON.stringify({ version: 1, generationId, erasedAt: 1, reason: 'asked for' }));

test('a request is in S3 before its first intent, and its intents hold nothing personal', async () => {
  const ref = await world.enqueue({ images: 2, references: 1 });
  let keptFirst = false;
  const { archive, ...rest } = world.purchase();
  const watched = {
    ...archive,
    recordIntent: async (intent: Parameters<typeof archive.recordIntent>[0]) => {
      keptFirst = (await world.storage.findRequest(ref.generationId)).kind === 'found';
      return archive.recordIntent(intent);
    },
  };
  expect(await submit({ ...rest, archive: watched }, ref)).toMatchObject({ kind: 'submitted' });
  expect(keptFirst).toBe(true);
  const intent = await world.storage.findIntent(ref, 0);
  const found = await world.storage.findRequest(ref.generationId);
  expect(intent).toMatchObject({ version: 2, provider: 'runware', model: 'xai:grok-imagine@image', outputFormat: 'JPG', images: 2 });
  expect(intent).toMatchObject({ dimensions: '576x1248', requestDigest: found.kind === 'found' && found.requestDigest });
  expect(JSON.stringify(intent)).not.toMatch(/image of|example\.com/);
});

test('a reference image in the bucket, also one that version 0.1.0 put, reaches the provider as a URL of its bytes', async () => {
  const bytes = Buffer.from('as if it were an image');
  const input = { tenantPart: 'a~40b', sha256: createHash('sha256').update(bytes).digest('hex') };
  const earlier = { sha256: input.sha256 };
  await world.writeObject(`inputs/a~40b/${input.sha256}`, bytes);
  await world.writeObject(`inputs/${input.sha256}`, bytes);
  const ref = await world.enqueue({ inputs: [formatKeptInput(input), formatKeptInput(earlier)] });
  const { provider, ...rest } = world.purchase();
  let urls: readonly string[] = [];
  const watched = {
    ...provider,
    submit: (order: Parameters<typeof provider.submit>[0]) => {
      urls = order.request.inputs?.referenceImages ?? [];
      return provider.submit(order);
    },
  };
  expect(await submit({ ...rest, provider: watched }, ref)).toEqual({ kind: 'submitted' });
  expect(urls.map((url) => new URL(url).pathname.split('/').slice(2, -1))).toEqual([['inputs', 'a~40b'], ['inputs']]);
  for (const url of urls) {
    const response = await fetch(url, { headers: { connection: 'close' } });
    expect(Buffer.from(await response.arrayBuffer())).toEqual(bytes);
  }
});

test('one PUT keeps it for all images of the generation', async () => {
  const ref = await world.enqueue({ images: 3 });
  let puts = 0;
  const { archive, ...rest } = world.purchase();
  const counted = {
    ...archive,
    recordRequest: (...given: Parameters<typeof archive.recordRequest>) => ((puts += 1), archive.recordRequest(...given)),
  };
  for (const index of [0, 1, 2]) await submit({ ...rest, archive: counted }, imageOf(ref, index));
  expect(puts).toBe(1);
  const intents = await Promise.all([0, 1, 2].map((index) => world.storage.findIntent(imageOf(ref, index), 0)));
  expect(new Set(intents.map((intent) => intent?.version === 2 && intent.requestDigest)).size).toBe(1);
});

test('a run that died after it kept the request is continued by the next one', async () => {
  const ref = await world.enqueue();
  const { archive, ...rest } = world.purchase();
  const dying = { ...archive, recordIntent: () => Promise.reject(new Error('killed')) };
  await expect(submit({ ...rest, archive: dying }, ref)).rejects.toThrow('killed');
  expect(await submit(world.purchase(), ref)).toMatchObject({ kind: 'submitted' });
  await world.executed(ref);
  await world.comeHome(ref);
  expect(await world.store.find(ref.generationId)).toMatchObject({ status: 'succeeded' });
});

test('a request that was erased is not sent: its image ends unbought, and its money is given back', async () => {
  const ref = await world.enqueue();
  await tombstone(ref.generationId);
  expect(await submit(world.purchase(), ref)).toEqual({ kind: 'finished' });
  expect(await world.storage.findIntent(ref, 0)).toBeUndefined();
  expect(await world.billed(ref, 'execution')).toBe(0);
  const view = await world.store.find(ref.generationId);
  expect(view).toMatchObject({ status: 'failed', reservedUsd: '0', costUsd: '0', request: { positivePrompt: '' } });
  expect(view?.images[0]?.fault?.code).toBe('submission.request-gone');
  expect(JSON.stringify(await world.redis.hgetall(`${world.prefix}:generation:${ref.generationId}`))).not.toContain('image of');
  expect(await world.redis.exists(`${world.prefix}:generation:${ref.generationId}:request`)).toBe(0);
});

test('an image that may have been sent before its request was erased is not sent again, and comes home', async () => {
  await world.setFaults({ ...notKnownYet, submitResetAfterRate: 1 });
  const ref = await world.enqueue();
  await submit(world.purchase(), ref);
  await world.executed(ref);
  await tombstone(ref.generationId);
  await world.restarted();
  expect(await submit(world.purchase(), ref)).toEqual({ kind: 'submitted' });
  expect(await world.store.commit(ref, 'another')).toMatchObject({ kind: 'stop', reason: 'closed' });
  expect(await world.storage.findIntent(ref, 1), 'of the send that did not leave').toBeUndefined();
  expect(await world.store.find(ref.generationId)).toMatchObject({ reservedUsd: '0.02' });
  await world.setFaults({});
  await world.comeHome(ref);
  expect(await world.store.find(ref.generationId)).toMatchObject({ status: 'succeeded', costUsd: '0.02', reservedUsd: '0' });
  expect(await world.billed(ref, 'execution')).toBe(1);
});

test('a request that Redis has lost comes back from S3, and its image is bought once', async () => {
  const ref = await world.enqueue();
  const { archive, ...rest } = world.purchase();
  const dying = { ...archive, recordIntent: () => Promise.reject(new Error('killed')) };
  await expect(submit({ ...rest, archive: dying }, ref)).rejects.toThrow('killed');
  const key = `${world.prefix}:generation:${ref.generationId}:request`;
  const before = await world.redis.hgetall(key);
  await world.redis.del(key);
  expect(await submit(world.purchase(), ref)).toMatchObject({ kind: 'snooze', why: 'request-missing' });
  expect(await world.redis.hgetall(key)).toEqual(before);
  expect(await submit(world.purchase(), ref)).toEqual({ kind: 'submitted' });
  await world.redis.del(key);
  await world.executed(ref);
  await world.comeHome(ref);
  expect(await world.redis.hget(`${world.prefix}:generation:${ref.generationId}`, 'status')).toBe('succeeded');
});

test('a request that neither Redis nor S3 has waits unsent, and ends unbought once it is known to be lost', async () => {
  const ref = await world.enqueue();
  const key = `${world.prefix}:generation:${ref.generationId}:request`;
  await world.redis.del(key);
  for (let run = 0; run < 2; run += 1)
    expect(await submit(world.purchase(), ref)).toMatchObject({ kind: 'snooze', why: 'request-missing' });
  await world.store.forgetRequest(ref.generationId); // as the reconciler does
  expect(await submit(world.purchase(), ref)).toEqual({ kind: 'finished' });
  expect(await world.billed(ref, 'execution')).toBe(0);
  const end = { status: 'failed', reservedUsd: '0', costUsd: '0', images: [{ fault: { code: 'submission.request-gone' } }] };
  expect(await world.store.find(ref.generationId)).toMatchObject(end);
});

test('one that was lost and erased ends unbought', async () => {
  const ref = await world.enqueue();
  await world.redis.del(`${world.prefix}:generation:${ref.generationId}:request`);
  await tombstone(ref.generationId);
  expect(await submit(world.purchase(), ref)).toMatchObject({ kind: 'snooze', why: 'request-missing' });
  expect(await submit(world.purchase(), ref)).toEqual({ kind: 'finished' });
  expect(await world.store.find(ref.generationId)).toMatchObject({ status: 'failed', reservedUsd: '0' });
});

test('another request under its key stops it loudly, and nothing is sent', async () => {
  const ref = await world.enqueue();
  const other = { version: 1, generationId: ref.generationId, provider: 'runware', model: 'xai:grok-imagine@image', salt: 'a'.repeat(32) };
  const request = { model: 'xai:grok-imagine@image', positivePrompt: 'another', numberResults: 1, outputFormat: 'JPG' };
  await world.writeObject(requestKey(ref.generationId), JSON.stringify({ ...other, request }));
  await expect(submit(world.purchase(), ref)).rejects.toMatchObject({ code: 'storage.corrupt-record' });
  expect(await world.storage.findIntent(ref, 0)).toBeUndefined();
  expect(await world.store.find(ref.generationId)).toMatchObject({ status: 'running', reservedUsd: '0.02' });
});
