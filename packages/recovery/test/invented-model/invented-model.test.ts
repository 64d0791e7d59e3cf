import { randomUUID } from 'node:crypto';
import { createModels, defaultTiming, grokImagineImage, type PurchaseOrder, type SubmissionRef } from '@darkroom/contracts';
import { requestKey } from '@darkroom/object-storage';
import { settle, submit, type Purchase } from '@darkroom/purchase';
import { createProducer, type Producer } from '@darkroom/producer';
import { buildWaits } from '@darkroom/queues';
import { posterModel } from '@darkroom/testing';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { runRebuild } from '../run-rebuild.ts';
import { startWorld, type World } from '../world.ts';
import { drawPng } from './draw-png.ts';

/** The proof that a model is one folder: purchase, recovery and the Lua of the store know none. */
const models = createModels(grokImagineImage, posterModel);
const SECRET = 'forty winters shall besiege thy brow';

let world: World;
let producer: Producer;
beforeEach(async () => {
  world = await startWorld();
  await world.begin();
  producer = createProducer({ redisUrl: inject('redisUrl'), prefix: world.prefix, tenant: 'acme' }, models);
});
afterEach(async () => {
  await producer.close();
  await world.stop();
});

/** Enqueues as an app does; the types of this version have no such model. */
async function enqueue(request: object = { model: 'acme:poster@1', text: SECRET, scale: 2 }): Promise<SubmissionRef> {
  const { generationId } = await producer.enqueue(request as Parameters<Producer['enqueue']>[0]);
  return { generationId, index: 0, n: 1 };
}

/** A worker whose provider accepts everything, and uploads `image` at a cost; without one it reports a failure. */
function buyer(sent: PurchaseOrder[], image?: { width: number; height: number }): Purchase {
  const { store, storage, submissions, settlements } = world;
  return {
    store,
    archive: storage,
    access: { isHeld: () => false, ask: () => Promise.resolve('open') },
    waits: buildWaits(submissions, settlements),
    around: {
      monotonicMs: () => performance.now(),
      random: () => 0.5,
      createToken: randomUUID,
      webhookUrl: () => undefined,
      log: () => undefined,
      warn: () => undefined,
    },
    settings: { timing: defaultTiming, maxSubmissions: 2, askForUpload: true },
    provider: {
      async submit(order) {
        sent.push(order);
        if (image === undefined) return { kind: 'accepted' };
        const response = await fetch(order.uploadEndpoint ?? '', {
          method: 'PUT',
          body: drawPng(image.width, image.height),
          headers: { connection: 'close' },
        });
        await response.arrayBuffer();
        return { kind: 'accepted' };
      },
      lookUp: () =>
        Promise.resolve(
          image === undefined
            ? { kind: 'failed', fault: { class: 'safety', code: 'refused', message: 'no posters of winters' }, facts: {} }
            : { kind: 'succeeded', facts: { seed: 7, costNanoUsd: 140_000_000 } },
        ),
      lookUpDetails: () => Promise.resolve({ kind: 'inconclusive', known: false }),
      downloadImage: () => Promise.resolve({ kind: 'unavailable', fault: { class: 'network', code: 'x', message: 'x' } }),
    },
  };
}

test('a second model is bought at its price, verified by its size, listed, and rebuilt', async () => {
  const ref = await enqueue();
  const sent: PurchaseOrder[] = [];
  expect(await world.store.find(ref.generationId)).toMatchObject({ provider: 'acme', model: 'acme:poster@1', reservedUsd: '0.14' });
  expect(await submit(buyer(sent, { width: 200, height: 300 }), ref)).toEqual({ kind: 'submitted' });
  expect(sent).toMatchObject([{ request: { model: 'acme:poster@1', text: SECRET, scale: 2 } }]);
  expect(await settle(buyer(sent, { width: 200, height: 300 }), ref)).toEqual({ kind: 'finished' });

  const view = await world.store.find(ref.generationId);
  const image = { format: 'PNG', width: 200, height: 300 };
  const home = { provider: 'acme', model: 'acme:poster@1', status: 'succeeded', costUsd: '0.14', reservedUsd: '0', images: [{ image }] };
  expect(view).toMatchObject(home);
  expect((await world.store.list({}, 10)).generations).toMatchObject([{ provider: 'acme', model: 'acme:poster@1', costUsd: '0.14' }]);
  expect(await world.storage.findIntent(ref, 0)).toMatchObject({ provider: 'acme', model: 'acme:poster@1', dimensions: '200x300' });
  expect(await world.storage.findResult(ref)).toMatchObject({ provider: 'acme', model: 'acme:poster@1', costNanoUsd: 140_000_000 });
  expect(JSON.stringify([await world.storage.findIntent(ref, 0), await world.storage.findResult(ref)])).not.toContain('winters');

  await world.wipe();
  expect(await runRebuild(world)).toMatchObject({ kind: 'opened', done: { generations: 1 } });
  // Redis time of the end is that of the restore.
  expect(await world.store.find(ref.generationId)).toMatchObject({ ...home, request: view?.request, createdAt: view?.createdAt });
});

test('a poster that failed is retried at its price and in its size, and both are rebuilt', async () => {
  const failed = await enqueue();
  await submit(buyer([]), failed);
  await settle(buyer([]), failed);
  expect(await producer.get(failed.generationId)).toMatchObject({ status: 'failed', costUsd: '0', model: 'acme:poster@1' });
  const { generationId, quote, retryOf } = await producer.retry(failed.generationId);
  expect({ quote: quote.totalUsd, retryOf }).toEqual({ quote: '0.14', retryOf: failed.generationId });
  const sent: PurchaseOrder[] = [];
  const again = { generationId, index: 0, n: 1 };
  await submit(buyer(sent, { width: 200, height: 300 }), again);
  expect(sent).toMatchObject([{ request: { model: 'acme:poster@1', text: SECRET, scale: 2 } }]);
  await settle(buyer(sent, { width: 200, height: 300 }), again);
  const home = { provider: 'acme', model: 'acme:poster@1', status: 'succeeded', costUsd: '0.14', retryOf, replaces: [0] };
  expect(await producer.get(generationId)).toMatchObject(home);
  await world.wipe();
  expect(await runRebuild(world)).toMatchObject({ kind: 'opened', done: { generations: 2 } });
  expect(await producer.get(generationId)).toMatchObject(home);
  await expect(producer.retry(failed.generationId)).resolves.toMatchObject({ generationId, created: false });
});

test('each model reads its own requests, and an unknown name is answered by the names', async () => {
  const refusals = [
    [{ model: 'acme:poster@1', text: '', scale: 3 }, ['text', 'scale']],
    [{ positivePrompt: 'a lighthouse', width: 7 }, ['height']],
    [{ model: 'acme:postr@1', text: 'x' }, ['model']],
    [{ model: 7 }, ['model']],
  ] as const;
  for (const [request, paths] of refusals) {
    const error: unknown = await enqueue(request).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'request.invalid', problems: paths.map((path) => expect.objectContaining({ path }) as unknown) });
  }
  await expect(enqueue({ model: 'acme:postr@1' })).rejects.toThrow(
    'must be one of "xai:grok-imagine@image", "acme:poster@1", or be left out for the first (did you mean "acme:poster@1"?)',
  );
  const { generationId } = await enqueue({ positivePrompt: 'a lighthouse' });
  expect(await producer.get(generationId)).toMatchObject({ provider: 'runware', model: 'xai:grok-imagine@image' });
});

test('a producer that does not know the model of a generation does not retry it', async () => {
  const failed = await enqueue();
  await submit(buyer([]), failed);
  await settle(buyer([]), failed);
  const earlier = createProducer({ redisUrl: inject('redisUrl'), prefix: world.prefix });
  await expect(earlier.retry(failed.generationId)).rejects.toMatchObject({ code: 'request.invalid', problems: [{ path: 'model' }] });
  await earlier.close();
});

test('an image of another size is not the one that was ordered', async () => {
  const ref = await enqueue();
  const wrong = buyer([], { width: 100, height: 150 });
  await submit(wrong, ref);
  expect(await settle(wrong, ref)).toMatchObject({ kind: 'snooze' });
  expect(await world.store.find(ref.generationId)).toMatchObject({ status: 'running', images: [{ status: 'open' }] });
});

test('one whose request was erased is rebuilt without it, brings its image home and is paid, and nothing of it is sent', async () => {
  const [bought, unsent] = [await enqueue(), await enqueue()];
  const sent: PurchaseOrder[] = [];
  await submit(buyer(sent, { width: 200, height: 300 }), bought);
  for (const { generationId } of [bought, unsent])
    await world.s3.put(requestKey(generationId), JSON.stringify({ version: 1, generationId, erasedAt: 1 }));
  await world.wipe();
  await runRebuild(world);
  // callers are told of the erasure alone
  await expect(world.store.find(bought.generationId)).rejects.toMatchObject({ code: 'generation.erased' });
  const entry = () => world.redis.hgetall(`${world.prefix}:generation:${bought.generationId}`);
  expect(JSON.stringify(await entry())).not.toContain('winters');
  expect(await world.redis.exists(`${world.prefix}:generation:${bought.generationId}:request`)).toBe(0);
  expect(await entry()).toMatchObject({ model: 'acme:poster@1', status: 'running' });
  expect(await world.submission(bought)).toMatchObject({ held: '1', reserved: '140000000' });
  expect(await submit(buyer(sent, { width: 200, height: 300 }), bought)).toEqual({ kind: 'finished' });
  await settle(buyer(sent, { width: 200, height: 300 }), bought);
  expect(await entry()).toMatchObject({ status: 'succeeded', cost: '140000000' });
  expect(await world.submission(bought)).toMatchObject({ held: '0' });
  expect(await world.store.find(unsent.generationId), 'S3 never heard of it').toBeUndefined();
  expect(sent).toHaveLength(1);
});
