import { createGenerationId, generationIdTime, type GenerationView } from '@darkroom/contracts';
import { describe, expect, test } from 'vitest';
import { hasCode } from '../src/index.ts';
import { type Fail, type Outcome } from '../src/testing/index.ts';
import { subjects } from './conformance-world.ts';

// What a caller can rely on, asked of the real producer (Redis and S3; the test does what a worker does) and of the one for unit tests.
// Each case runs on both.

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
  test('keeps the trace of an enqueue, of many and of a retry, and refuses one that is none', async () => {
    await using subject = await setup();
    const { producer } = subject;
    const [traceparent, other] = ['1', '2'].map((digit) => `00-${digit.repeat(32)}-${digit.repeat(16)}-01`) as [string, string];
    const traceOf = async (id: string) => (await producer.get(id)).traceparent;
    const { generationId } = await producer.enqueue(request, { traceparent, idempotencyKey: 'one' });
    await producer.enqueue(request, { traceparent: other, idempotencyKey: 'one' });
    expect(await traceOf(generationId), 'a repetition changes nothing').toBe(traceparent);
    const many = await producer.enqueueMany([request, request], { traceparent: other });
    expect(await Promise.all(many.map((each) => traceOf(each.generationId)))).toEqual([other, other]);
    const failed = await producer.enqueue(request, { traceparent });
    await subject.end(failed.generationId, refused);
    const retried = await producer.retry(failed.generationId);
    expect(await traceOf(retried.generationId), 'a retry has its own').toBeUndefined();
    for (const call of [
      () => producer.enqueue(request, { traceparent: 'x' }),
      () => producer.enqueueMany([request], { traceparent: 'x' }),
      () => producer.retry(generationId, { traceparent: 'x' }),
    ])
      await expect(call()).rejects.toMatchObject({ code: 'request.invalid', problems: [{ path: 'options.traceparent' }] });
  });

  test('counts the changes of a generation from 1', async () => {
    await using subject = await setup();
    const { producer } = subject;
    const { generationId } = await producer.enqueue(request, { runAt: Date.now() + 60_000 });
    expect((await producer.get(generationId)).revision).toBe(1);
    await producer.cancel(generationId);
    expect((await producer.get(generationId)).revision).toBe(2);
    await producer.cancel(generationId);
    expect((await producer.get(generationId)).revision).toBe(2);
  });

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

  test('a repeated enqueue answers with the first generation', async () => {
    await using subject = await setup();
    const { producer } = subject;
    const generationId = createGenerationId(Date.now());
    expect(await producer.enqueue(request, { generationId })).toMatchObject({ generationId, created: true });
    expect(await producer.enqueue(request, { generationId })).toMatchObject({ generationId, created: false });
    await expect(producer.enqueue({ positivePrompt: 'another' }, { generationId })).rejects.toMatchObject({
      code: 'request.conflict',
      message: `generation "${generationId}" was enqueued before with another request; nothing was queued or bought`,
    });
    const first = await producer.enqueue(request, { idempotencyKey: 'order-1' });
    expect(await producer.enqueue(request, { idempotencyKey: 'order-1' })).toEqual({ ...first, created: false });
    expect((await producer.enqueue(request, { idempotencyKey: 'order-1', tenant: 'bob' })).created).toBe(true);
    await expect(producer.enqueue({ positivePrompt: 'another' }, { idempotencyKey: 'order-1' })).rejects.toMatchObject({
      message: expect.stringContaining(first.generationId),
      details: { generationId: first.generationId },
    });
  });

  test('says of the id of another tenant only that it is not free, whatever the request', async () => {
    await using subject = await setup();
    const { producer } = subject;
    const { generationId } = await producer.enqueue(request, { tenant: 'bob', idempotencyKey: 'order-1' });
    for (const asked of [request, { positivePrompt: 'another' }])
      await expect(producer.enqueue(asked, { generationId, tenant: 'alice' })).rejects.toMatchObject({
        code: 'request.conflict',
        message: `generation id "${generationId}" is not free for this tenant: leave it out, or mint another one with \`createGenerationId\`; nothing was queued or bought`,
        details: {},
      });
    const own = await producer.enqueue(request, { tenant: 'alice', idempotencyKey: 'order-1' });
    const found = await producer.enqueue(request, { generationId, tenant: 'alice', idempotencyKey: 'order-1' });
    expect(found).toEqual({ ...own, created: false });
    await expect(producer.enqueue(request, { generationId, tenant: 'alice', deadlineAt: Date.now() - 1000 })).rejects.toThrow(
      /options\.deadlineAt: must be in the future/,
    );
  });

  test('refuses an enqueue above a cap, and enqueues nothing', async () => {
    await using subject = await setup();
    await subject.reachCap();
    const generationId = createGenerationId(Date.now());
    const error: unknown = await subject.producer.enqueue(request, { generationId }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      name: 'SpendCapError',
      code: 'spend.cap-reached',
      retryable: true,
      resetsAt: expect.any(Number),
      details: { period: expect.stringMatching(/^all:day:\d{4}-\d\d-\d\d$/), capUsd: expect.any(String), usedUsd: expect.any(String) },
    });
    await expect(subject.producer.get(generationId)).rejects.toMatchObject({ code: 'generation.not-found' });
  });

  test('refuses an enqueue beyond a bound on open images, and enqueues nothing', async () => {
    await using subject = await setup();
    await subject.fillQueue();
    const generationId = createGenerationId(Date.now());
    const error: unknown = await subject.producer.enqueue(request, { generationId }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      name: 'QueueFullError',
      code: 'queue.full',
      retryable: true,
      bound: 'openImagesPerTenant',
      message: expect.stringContaining('images that a tenant may have open'),
      details: { bound: 'openImagesPerTenant', limit: expect.any(Number), open: expect.any(Number) },
    });
    await expect(subject.producer.get(generationId)).rejects.toMatchObject({ code: 'generation.not-found' });
  });

  test('refuses wrong requests, options, times and ids in the same words', async () => {
    await using subject = await setup();
    const { producer } = subject;
    const wrong = { positivePrompt: '', widht: 3 } as never; // a value that the types forbid
    await expect(producer.enqueue(wrong)).rejects.toThrow(/the request has 2 problems.*widht: is not a parameter.*did you mean "width"/s);
    await expect(producer.enqueue(request, { idempotencykey: 'x' } as never)).rejects.toThrow(/did you mean "idempotencyKey"/); // a value that the types forbid
    await expect(producer.wait('x', { timeout: 1 } as never)).rejects.toThrow(/did you mean "timeoutMs"/); // a value that the types forbid
    await expect(producer.enqueue(request, { deadlineAt: Date.now() - 1000 })).rejects.toThrow(
      /options\.deadlineAt: must be in the future; redis time is/,
    );
    await expect(producer.enqueue(request, { runAt: Date.now() + 31 * 86_400_000 })).rejects.toThrow(/in the next 30 days/);
    const old = createGenerationId(Date.now() - 25 * 3_600_000);
    await expect(producer.enqueue(request, { generationId: old })).rejects.toMatchObject({ code: 'request.id-out-of-time' });
    const ahead = createGenerationId(Date.now() + 600_000);
    await expect(producer.enqueue(request, { generationId: ahead })).rejects.toThrow(/more than five minutes ahead/);
  });

  test('many are enqueued in order, or none', async () => {
    await using subject = await setup();
    const requests = [request, { positivePrompt: 'another' }];
    const enqueued = await subject.producer.enqueueMany(requests);
    const found = await Promise.all(enqueued.map(({ generationId }) => subject.producer.get(generationId)));
    expect(found.map((each) => each.request.positivePrompt)).toEqual(['a red door', 'another']);
    await expect(subject.producer.enqueueMany([request, { positivePrompt: '' }])).rejects.toThrow(/requests\[1\]\.positivePrompt/);
  });

  test('a wait ends with the generation, its time, or its signal', async () => {
    await using subject = await setup();
    const { producer } = subject;
    const { generationId } = await producer.enqueue(request);
    await expect(producer.wait(generationId, { timeoutMs: 10 })).rejects.toMatchObject({
      code: 'generation.wait-timeout',
      details: { generationId },
    });
    const reason = new Error('enough');
    await expect(producer.wait(generationId, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const seen: string[] = [];
    const waiting = producer.wait(generationId, { onProgress: ({ status }) => seen.push(status) });
    await subject.end(generationId, succeed);
    expect(await waiting).toMatchObject({ status: 'succeeded' });
    expect(seen.at(-1)).toBe('succeeded');
    await expect(producer.wait(createGenerationId(Date.now()))).rejects.toMatchObject({ code: 'generation.not-found' });
  });

  test('generate follows the delivery method', async () => {
    await using subject = await setup();
    const { producer } = subject;
    expect(['queued', 'running']).toContain((await producer.generate({ ...request, deliveryMethod: 'async' })).status);
    await expect(producer.generate(request, { timeoutMs: 10 })).rejects.toMatchObject({ code: 'generation.wait-timeout' });
  });

  test('a closed producer refuses every call, and ends the waits', async () => {
    await using subject = await setup();
    const { producer } = subject;
    const { generationId } = await producer.enqueue(request);
    const waiting = producer.wait(generationId).catch((error: unknown) => error);
    await new Promise(setImmediate);
    await producer.close();
    await producer.close();
    expect(hasCode(await waiting, 'queue.unavailable')).toBe(true);
    await expect(producer.enqueue(request)).rejects.toMatchObject({ reached: 'no', details: { reason: 'producer-closed' } });
    await expect(producer.get(generationId)).rejects.toThrow('this producer is closed; nothing was sent');
  });
});

const dayOf = (generationId: string): string => new Date(generationIdTime(generationId)).toISOString().slice(0, 10).replaceAll('-', '/');
