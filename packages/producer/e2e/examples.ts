import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import {
  createEvents,
  createProducer,
  EnqueueManyError,
  GenerationError,
  hasCode,
  RetryRefusedError,
  type Enqueued,
  type GrokImagineRequestInput,
} from '@darkroom/producer';
import { createImages } from '@darkroom/producer/images';
import { createTestingProducer } from '@darkroom/producer/testing';

/**
 * The examples of packages/producer/README.md, letter for letter: a test compares both and runs these. `redisUrl`, `s3` and the other
 * parameters stand for an application's own values.
 */

export async function oneImage(redisUrl: string) {
  const producer = createProducer({ redisUrl });
  const generation = await producer.generate({ positivePrompt: 'a lighthouse at dusk', width: 1280, height: 896 });
  console.log(generation.status, generation.costUsd);
  await producer.close();
  return generation;
}

export async function likeRunware(redisUrl: string, s3: Parameters<typeof createImages>[0]) {
  const producer = createProducer({ redisUrl });
  const images = createImages(s3);
  const generation = await producer.generate({
    taskUUID: '39571168-687a-4aec-a253-df7be20bd0d4',
    positivePrompt: 'a lighthouse at dusk',
    resolution: '1K',
    outputType: 'dataURI',
    outputFormat: 'WEBP',
    numberResults: 2,
    includeCost: true,
  });
  for (const { imageDataURI, seed, cost } of await images.toRunwareResponse(generation)) {
    console.log(imageDataURI?.slice(0, 30), seed, cost);
  }
  images.close();
  await producer.close();
  return generation;
}

export async function inEveryForm(redisUrl: string, s3: Parameters<typeof createImages>[0], file: string, copy: string) {
  const producer = createProducer({ redisUrl });
  const images = createImages(s3);
  const generation = await producer.generate({ positivePrompt: 'a lighthouse at dusk', width: 1280, height: 896 });
  const image = images.image(generation, 0);
  console.log(image.image.contentType, image.image.sizeBytes, await image.url({ ttlSeconds: 600, downloadName: 'lighthouse.jpg' }));
  const bytes = await image.bytes();
  await pipeline(await image.stream(), createWriteStream(copy));
  await image.save(file);
  images.close();
  await producer.close();
  return bytes;
}

export async function inUnitTests(bytes: Uint8Array) {
  const testing = createTestingProducer();
  testing.next({ kind: 'succeed', bytes }, { kind: 'fail', code: 'provider.content-refused' }, { kind: 'cap' }, { kind: 'run' });
  const generation = await testing.generate({ positivePrompt: 'a lighthouse at dusk' });
  console.log(generation.status, (await testing.images.image(generation, 0).bytes()).length);
  const refused = await testing.generate({ positivePrompt: 'something else' });
  console.log(refused.status, refused.images[0]?.fault?.code);
  const capped = await testing.enqueue({ positivePrompt: 'too much' }).catch((error: unknown) => hasCode(error, 'spend.cap-reached'));
  const { generationId } = await testing.enqueue({ positivePrompt: 'slow' });
  testing.finish(generationId, { kind: 'succeed' });
  console.log(capped, testing.generations.length);
}

export async function withheldImages(redisUrl: string) {
  const producer = createProducer({ redisUrl });
  const generation = await producer.generate(
    { positivePrompt: 'a lighthouse at dusk', safety: { checkContent: true } },
    { withholdFlagged: true },
  );
  for (const { index, withheld, image } of generation.images) console.log(index, withheld === true ? 'withheld' : image?.key);
  await producer.close();
  return generation;
}

export async function inTheBackground(redisUrl: string, s3: Parameters<typeof createImages>[0], orderNumber: string) {
  const producer = createProducer({ redisUrl });
  const images = createImages(s3);
  const { generationId, quote } = await producer.enqueue(
    { positivePrompt: 'a lighthouse at dusk', ttl: 600 },
    { idempotencyKey: orderNumber, runAt: new Date(Date.now() + 1000), deadlineAt: Date.now() + 10 * 60_000 },
  );
  console.log(`at most ${quote.totalUsd} USD`);

  const generation = await producer.wait(generationId, {
    timeoutMs: 60_000,
    onProgress: ({ status, images: all }) => console.log(status, all.filter((each) => each.status === 'succeeded').length),
  });
  for (const { index, status, fault } of generation.images) {
    if (status !== 'succeeded') {
      console.log(`image ${index} ${status}: ${fault?.code ?? ''}`);
      continue;
    }
    const { imageURL, expiresAt } = await images.read(generation, index, { downloadName: `lighthouse-${index}.jpg` });
    console.log(imageURL, new Date(expiresAt ?? 0));
  }
  images.close();
  await producer.close();
  return generation;
}

export async function pricesAndSpend(redisUrl: string) {
  const producer = createProducer({ redisUrl, tenant: 'acme' });
  console.log(producer.quote({ positivePrompt: 'a lighthouse at dusk', numberResults: 4 }).totalUsd);
  for (const { period, spentUsd, reservedUsd, capUsd } of await producer.spend()) {
    console.log(period, spentUsd, reservedUsd, capUsd ?? 'no cap');
  }
  await producer.close();
}

export async function many(redisUrl: string, requests: GrokImagineRequestInput[]) {
  const producer = createProducer({ redisUrl });
  let enqueued: Enqueued[];
  try {
    enqueued = await producer.enqueueMany(requests);
  } catch (error) {
    if (!(error instanceof EnqueueManyError) || !error.retryable) throw error;
    console.log(`${error.written.length} queued, ${error.maybeWritten.length} perhaps, ${error.notWritten.length} not`);
    enqueued = await producer.enqueueMany(requests, { generationIds: error.generationIds });
  }
  const generations = await Promise.all(enqueued.map(({ generationId }) => producer.wait(generationId)));
  await producer.close();
  return generations;
}

export async function findingAgain(redisUrl: string, generationId: string, orderNumber: string) {
  const producer = createProducer({ redisUrl, tenant: 'acme' });
  for await (const { status, images } of producer.watch(generationId)) {
    console.log(status, images.filter((each) => each.status === 'succeeded').length);
  }
  let cursor: string | undefined;
  do {
    const page = await producer.list({ status: ['failed', 'partial'], limit: 50, ...(cursor && { cursor }) });
    for (const each of page.generations) console.log(each.generationId, each.costUsd, each.codes.join(' '));
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  const same = await producer.findByIdempotencyKey(orderNumber);
  await producer.close();
  return same;
}

export async function buyingAgain(redisUrl: string, generationId: string) {
  const producer = createProducer({ redisUrl });
  try {
    const retried = await producer.retry(generationId);
    console.log(retried.generationId, retried.created, retried.replaces);
  } catch (error) {
    if (!(error instanceof RetryRefusedError)) throw error;
    for (const { index, code, generationId: because } of error.images) console.log(index, code, because);
  }
  await producer.close();
}

export async function eventsOfAGroup(redisUrl: string, tell: (generationId: string, eventId: string) => Promise<void>, last: string) {
  const events = createEvents({ redisUrl, group: 'mail' });
  for await (const event of events) {
    if (event.event === 'generation.succeeded') await tell(event.generationId, event.eventId);
    if (event.event === last) break;
  }
  await events.close();
}

export async function fromAnImage(redisUrl: string, s3: Parameters<typeof createImages>[0], bytes: Uint8Array) {
  const producer = createProducer({ redisUrl });
  const images = createImages(s3);
  const reference = await images.putReferenceImage(bytes);
  const generation = await producer.generate({ positivePrompt: 'the same, at night', inputs: { referenceImages: [reference] } });
  images.close();
  await producer.close();
  return generation;
}

export async function givingUp(redisUrl: string) {
  const producer = createProducer({ redisUrl });
  try {
    return await producer.generate({ positivePrompt: 'a lighthouse at dusk' }, { timeoutMs: 20 });
  } catch (error) {
    if (!(error instanceof GenerationError) || !hasCode(error, 'generation.wait-timeout')) throw error;
    const generationId = String(error.details['generationId']);
    await producer.cancel(generationId);
    return await producer.get(generationId);
  } finally {
    await producer.close();
  }
}
