import { createGenerationId } from '@darkroom/contracts';
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

  test('tells prices without a call, and what a tenant has spent', async () => {
    await using subject = await setup();
    const { producer } = subject;
    expect(producer.quote({ ...request, numberResults: 2 })).toMatchObject({ images: 2, imageUsd: '0.02', totalUsd: '0.04' });
    expect(() => producer.quote({ ...request, numberResults: 50 })).toThrow(/numberResults: must be a whole number from 1 to 20/);
    expect(() => producer.quote(request, { tenant: 'acme' } as never)).toThrow(/options\.tenant: is not an option/);
    const { generationId } = await producer.enqueue(request, { tenant: 'acme' });
    const moneyOf = async (tenant?: string) =>
      (await producer.spend({ ...(tenant !== undefined && { tenant }) })).map(({ period, spentUsd, reservedUsd, tenant: of }) =>
        [of, period, spentUsd, reservedUsd].join(' '),
      );
    expect(await moneyOf('acme')).toEqual(['acme day 0 0.02', 'acme month 0 0.02']);
    await subject.end(generationId, succeed);
    expect(await moneyOf('acme')).toEqual(['acme day 0.02 0', 'acme month 0.02 0']);
    expect(await moneyOf()).toEqual([' day 0.02 0', ' month 0.02 0']);
    expect(await moneyOf('bob')).toEqual(['bob day 0 0', 'bob month 0 0']);
    const [day, month] = await producer.spend();
    expect(day?.resetsAt).toBe(Date.parse(String(day?.date)) + 86_400_000);
    expect(String(day?.date).startsWith(String(month?.date))).toBe(true);
    await expect(producer.spend({ tenant: 'no name' })).rejects.toMatchObject({ problems: [{ path: 'options.tenant' }] });
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
