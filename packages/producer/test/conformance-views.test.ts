import { generationIdTime, type GenerationView } from '@darkroom/contracts';
import { describe, expect, test } from 'vitest';
import { type Fail, type Outcome } from '../src/testing/index.ts';
import { subjects } from './conformance-world.ts';

// What a caller sees of a generation, asked of both producers; see conformance.test.ts.

const request = { positivePrompt: 'a red door', width: 1024, height: 1024 } as const;
const bytes = new TextEncoder().encode('the bytes of an image');
const succeed: Outcome = { kind: 'succeed', bytes };
const refused: Fail = { kind: 'fail', code: 'provider.content-refused', message: 'not this one' };

/** The facts of which the worker, and not the producer, decides the value. */
const any = {
  seed: expect.any(Number),
  imageUUID: expect.any(String),
  settledAt: expect.any(Number),
  createdAt: expect.any(Number),
  finishedAt: expect.any(Number),
};

describe.each(subjects)('%s', (_name, setup) => {
  test('tells the steps of each image, and those of no unknown generation', async () => {
    await using subject = await setup();
    const { producer } = subject;
    const { generationId } = await producer.enqueue({ ...request, numberResults: 2 });
    await subject.end(generationId, { kind: 'each', images: [succeed, refused] });
    const timeline = await producer.timeline(generationId);
    expect(timeline.map(({ index, n, omitted }) => ({ index, n, omitted }))).toEqual([
      { index: 0, n: 1, omitted: 0 },
      { index: 1, n: 1, omitted: 0 },
    ]);
    for (const { steps } of timeline) {
      expect(steps.slice(0, 3)).toMatchObject([{ step: 'enqueued' }, { step: 'committed', number: 1 }, { number: 1 }]);
      expect(steps.map(({ at }) => at)).toEqual(steps.map(({ at }) => at).toSorted((one, other) => one - other));
    }
    expect(timeline.map(({ steps }) => steps.at(-1))).toMatchObject([{ step: 'succeeded' }, { step: 'failed', code: refused.code }]);
    const waiting = await producer.enqueue(request, { runAt: Date.now() + 60_000 });
    await producer.cancel(waiting.generationId);
    expect((await producer.timeline(waiting.generationId))[0]?.steps.map(({ step }) => step)).toEqual(['enqueued', 'cancelled']);
    await expect(producer.timeline('00000000-0000-7000-8000-000000000000')).rejects.toMatchObject({ code: 'generation.not-found' });
  });

  test('shows a generation from its enqueue to its end, field by field', async () => {
    await using subject = await setup();
    const { producer } = subject;
    const deadlineAt = Date.now() + 60_000;
    const taskUUID = '39571168-687a-4aec-a253-df7be20bd0d4';
    const enqueued = await producer.enqueue({ ...request, taskUUID }, { tenant: 'alice', deadlineAt, idempotencyKey: 'order-1' });
    const { generationId } = enqueued;
    expect(enqueued).toEqual({ generationId, created: true, quote: expect.objectContaining({ totalUsd: '0.02', currency: 'USD' }) });
    await subject.end(generationId, succeed);
    expect(await producer.wait(generationId)).toEqual({
      generationId,
      revision: expect.any(Number),
      status: 'succeeded',
      provider: 'runware',
      model: 'xai:grok-imagine@image',
      tenant: 'alice',
      request: expect.objectContaining({ ...request, clientReference: taskUUID, outputFormat: 'JPG', numberResults: 1 }),
      costUsd: '0.02',
      reservedUsd: '0',
      createdAt: any.createdAt,
      finishedAt: any.finishedAt,
      deadlineAt,
      clientReference: taskUUID,
      amended: false,
      images: [
        {
          index: 0,
          status: 'succeeded',
          submissionStatus: 'succeeded',
          submissions: 1,
          taskUUID: expect.any(String),
          imageUUID: any.imageUUID,
          seed: any.seed,
          settledAt: any.settledAt,
          factsFrom: 'delivery',
          road: 'upload',
          costUsd: '0.02',
          extras: [],
          image: {
            key: expect.stringMatching(new RegExp(`^images/${dayOf(generationId)}/${generationId}/0-1\\.jpg$`)),
            format: 'JPG',
            contentType: 'image/jpeg',
            width: 1024,
            height: 1024,
            sizeBytes: bytes.length,
            sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
          },
        },
      ],
    } satisfies GenerationView);
  });

  test('shows a running generation, and its held money', async () => {
    await using subject = await setup();
    const { generationId } = await subject.producer.enqueue({ ...request, numberResults: 2 });
    await subject.end(generationId, { kind: 'run' });
    const generation = await subject.producer.get(generationId);
    const open = { status: 'open', submissionStatus: 'accepted', submissions: 1, costUsd: '0', extras: [] };
    expect(generation).toMatchObject({ status: 'running', costUsd: '0', reservedUsd: '0.04', images: [open, open] });
    expect(generation).not.toHaveProperty('finishedAt');
    for (const name of ['image', 'fault', 'settledAt', 'seed']) expect(generation.images[0]).not.toHaveProperty(name);
    expect(() => subject.images.image(generation, 0)).toThrow(/it is "open"/);
  });

  test.each([
    [succeed, 'succeeded', { status: 'succeeded', costUsd: '0.02' }, '0'],
    [
      refused,
      'failed',
      { status: 'failed', submissionStatus: 'failed', costUsd: '0', fault: { code: refused.code, message: 'not this one' } },
      '0',
    ],
    [{ kind: 'fail', code: 'image.lost' }, 'failed', { status: 'lost', costUsd: '0.02', fault: { code: 'image.lost', message: '' } }, '0'],
    [
      { kind: 'fail', code: 'submission.unknown-outcome' },
      'failed',
      { status: 'unknown', costUsd: '0', fault: { code: 'submission.unknown-outcome', message: '' } },
      '0.02',
    ],
  ] satisfies [Outcome, string, object, string][])('shows the end %o', async (outcome, status, image, reservedUsd) => {
    await using subject = await setup();
    const { generationId } = await subject.producer.enqueue(request);
    await subject.end(generationId, outcome);
    expect(await subject.producer.wait(generationId)).toMatchObject({ status, reservedUsd, images: [image], finishedAt: any.finishedAt });
  });

  test('a generation with some of its images is partial', async () => {
    await using subject = await setup();
    const { generationId } = await subject.producer.enqueue({ ...request, numberResults: 2 });
    await subject.end(generationId, { kind: 'each', images: [refused, succeed] });
    const generation = await subject.producer.wait(generationId);
    expect(generation).toMatchObject({ status: 'partial', costUsd: '0.02', images: [{ status: 'failed' }, { status: 'succeeded' }] });
    expect((await subject.images.toRunwareResponse(generation)).length).toBe(1);
  });

  test('reads an image in every form', async () => {
    await using subject = await setup();
    const { generationId } = await subject.producer.enqueue({ ...request, ttl: 120 });
    await subject.end(generationId, succeed);
    const generation = await subject.producer.get(generationId);
    const image = subject.images.image(generation, 0);
    expect(image.image).toEqual(generation.images[0]?.image);
    expect(Buffer.from(await image.bytes())).toEqual(Buffer.from(bytes));
    const chunks: Buffer[] = [];
    for await (const chunk of await image.stream()) chunks.push(Buffer.from(chunk as Uint8Array)); // a stream of bytes
    expect(Buffer.concat(chunks)).toEqual(Buffer.from(bytes));
    expect(await image.url()).toContain(`X-Amz-Expires=120`);
    expect(await image.url({ ttlSeconds: 60 })).toContain(`X-Amz-Expires=60`);
    await expect(image.url({ ttlSeconds: 0.5 })).rejects.toThrow(/options\.ttlSeconds: must be a whole number of seconds from 1 to 604800/);
    await expect(image.url({ expiresIn: 60 } as never)).rejects.toThrow(/did you mean "ttlSeconds"/); // a value that the types forbid
    expect(() => subject.images.image(generation, 1)).toThrow(/it has 1 images, from 0/);
  });
});

const dayOf = (generationId: string): string => new Date(generationIdTime(generationId)).toISOString().slice(0, 10).replaceAll('-', '/');
