import { createGenerationId } from '@darkroom/contracts';
import { describe, expect, test } from 'vitest';
import { type Fail, type Outcome } from '../src/testing/index.ts';
import { subjects } from './conformance-world.ts';

// What a caller can rely on in cancels and retries, asked of both producers as in conformance.test.ts.

const request = { positivePrompt: 'a red door', width: 1024, height: 1024 } as const;
const bytes = new TextEncoder().encode('the bytes of an image');
const succeed: Outcome = { kind: 'succeed', bytes };
const refused: Fail = { kind: 'fail', code: 'provider.content-refused', message: 'not this one' };

describe.each(subjects)('%s', (_name, setup) => {
  test('a cancel ends what is not sent, and says what became of it', async () => {
    await using subject = await setup();
    const { producer } = subject;
    const later = await producer.enqueue(request, { runAt: Date.now() + 60_000 });
    expect(await producer.cancel(later.generationId)).toBe('cancelled');
    const cancelled = await producer.get(later.generationId);
    expect(cancelled).toMatchObject({ status: 'cancelled', reservedUsd: '0', costUsd: '0', finishedAt: expect.any(Number) });
    expect(cancelled.images).toEqual([
      {
        index: 0,
        status: 'failed',
        submissionStatus: 'failed',
        submissions: 1,
        taskUUID: expect.any(String),
        costUsd: '0',
        extras: [],
        fault: { code: 'generation.cancelled', message: 'the caller cancelled the generation before this image was bought' },
      },
    ]);
    const home = await producer.enqueue(request);
    await subject.end(home.generationId, succeed);
    expect(await producer.cancel(home.generationId)).toBe('succeeded');
    const sent = await producer.enqueue(request);
    await subject.end(sent.generationId, { kind: 'run' });
    expect(await producer.cancel(sent.generationId)).toBe('cancelled');
    expect(await producer.get(sent.generationId)).toMatchObject({ status: 'cancelled', reservedUsd: '0.02', images: [{ status: 'open' }] });
    await expect(producer.cancel(createGenerationId(Date.now()))).rejects.toMatchObject({ code: 'generation.not-found' });
  });

  test('a retry buys the images that failed in a new generation, and is answered with it again', async () => {
    await using subject = await setup();
    const { producer } = subject;
    const first = await producer.enqueue({ ...request, numberResults: 3 }, { tenant: 'acme', idempotencyKey: 'order-1' });
    await expect(producer.retry(first.generationId)).rejects.toMatchObject({ code: 'retry.in-progress' });
    await subject.end(first.generationId, { kind: 'each', images: [refused, succeed, refused] });
    const retried = await producer.retry(first.generationId);
    expect(retried).toEqual({
      generationId: expect.any(String),
      created: true,
      quote: expect.objectContaining({ totalUsd: '0.04' }),
      retryOf: first.generationId,
      replaces: [0, 2],
    });
    expect(await producer.retry(first.generationId)).toEqual({ ...retried, created: false });
    expect(await producer.get(retried.generationId)).toMatchObject({
      tenant: 'acme',
      retryOf: first.generationId,
      replaces: [0, 2],
      request: { positivePrompt: 'a red door', numberResults: 2 },
      images: [{ index: 0 }, { index: 1 }],
    });
    expect((await producer.findByIdempotencyKey('order-1', { tenant: 'acme' }))?.generationId).toBe(first.generationId);
    await subject.end(retried.generationId, { kind: 'each', images: [succeed, refused] });
    expect(await producer.retry(first.generationId)).toEqual({ ...retried, created: false });
    const again = await producer.retry(retried.generationId);
    expect(again).toMatchObject({ created: true, retryOf: first.generationId, replaces: [2] });
    expect(await producer.retry(first.generationId, { images: [2] })).toMatchObject({ generationId: again.generationId, created: false });
    expect(await producer.retry(first.generationId)).toEqual({ ...retried, created: false });
  });

  test('a retry names every image that it refuses, and pays again for a reason alone', async () => {
    await using subject = await setup();
    const { producer } = subject;
    const { generationId } = await producer.enqueue({ ...request, numberResults: 4 });
    const lost: Fail = { kind: 'fail', code: 'image.lost' };
    const unknown: Fail = { kind: 'fail', code: 'submission.unknown-outcome' };
    await subject.end(generationId, { kind: 'each', images: [refused, lost, unknown, succeed] });
    await expect(producer.retry(generationId, { images: [3, 2, 1, 0] })).rejects.toMatchObject({
      name: 'RetryRefusedError',
      code: 'retry.already-succeeded',
      retryable: false,
      images: [
        { index: 1, code: 'retry.lost-image', generationId },
        { index: 2, code: 'retry.unknown-outcome', generationId },
        { index: 3, code: 'retry.already-succeeded', generationId },
      ],
    });
    const own = createGenerationId(Date.now());
    const paying = await producer.retry(generationId, { mayPayAgain: true, reason: 'the customer insists', generationId: own });
    expect(paying).toMatchObject({ generationId: own, created: true, replaces: [0, 1, 2] });
    expect(await producer.retry(generationId, { mayPayAgain: true, reason: 'the customer insists' })).toMatchObject({
      generationId: own,
      created: false,
    });
    await expect(producer.retry(generationId, { images: [0] })).rejects.toMatchObject({
      code: 'retry.already-retried',
      images: [{ index: 0, generationId: own }],
    });
    await expect(producer.retry(createGenerationId(Date.now()))).rejects.toMatchObject({ code: 'generation.not-found' });
    await expect(producer.retry(generationId, { images: [4] })).rejects.toMatchObject({
      code: 'request.invalid',
      problems: [{ path: 'options.images', given: '4' }],
    });
    await subject.end(own, refused);
    await expect(producer.retry(own)).rejects.toMatchObject({ code: 'retry.lost-image' });
    await subject.reachCap();
    await expect(producer.retry(own, { images: [0] })).rejects.toMatchObject({ code: 'spend.cap-reached' });
  });
});
