import { createGenerationId } from '@darkroom/contracts';
import { describe, expect, test } from 'vitest';
import { subjects } from './conformance-world.ts';
import { problemsOf } from './problems-of.ts';

// What a caller can rely on when it erases, asked of both producers as in conformance.test.ts. No eraser runs beside the real one.

const request = { positivePrompt: 'a red door', width: 1024, height: 1024 } as const;
const bytes = new TextEncoder().encode('the bytes of an image');

describe.each(subjects)('%s', (_name, setup) => {
  test('takes a request to erase a final generation, again too, and refuses an open one unless it is cancelled', async () => {
    await using subject = await setup();
    const { producer } = subject;
    const { generationId } = await producer.enqueue(request);
    await subject.end(generationId, { kind: 'succeed', bytes });
    const taken = { generationId, status: expect.stringMatching(/^(requested|erased)$/), retries: [] };
    expect(await producer.erase(generationId)).toMatchObject(taken);
    expect(await producer.erase(generationId)).toMatchObject(taken);
    expect(await producer.erasure(generationId)).toMatchObject(taken);
    await expect(producer.retry(generationId), 'from the request on').rejects.toMatchObject({ code: 'generation.erased' });
    const later = await producer.enqueue(request, { runAt: new Date(Date.now() + 3_600_000) });
    await expect(producer.erase(later.generationId)).rejects.toMatchObject({ code: 'generation.open' });
    await expect(producer.erasure(later.generationId)).rejects.toMatchObject({ code: 'generation.not-found' });
    expect(await producer.erase(later.generationId, { cancel: true })).toMatchObject({ generationId: later.generationId });
  });

  test('forgets the request and the labels of an erased generation, which is not enqueued again', async () => {
    await using subject = await setup();
    const { producer } = subject;
    const { generationId } = await producer.enqueue(request, { idempotencyKey: 'order-1', tags: ['secret'], metadata: { who: 'me' } });
    await subject.end(generationId, { kind: 'succeed', bytes });
    expect((await producer.list({ tag: 'secret' })).generations).toHaveLength(1);
    await producer.erase(generationId);
    await subject.erase();
    for (const again of [{ generationId }, { idempotencyKey: 'order-1' }])
      await expect(producer.enqueue(request, again)).rejects.toMatchObject({ code: 'generation.erased', details: { generationId } });
    expect((await producer.list({ tag: 'secret' })).generations).toEqual([]);
    const [listed] = (await producer.list()).generations;
    expect(listed).toMatchObject({ generationId, status: 'succeeded' });
    expect([listed?.tags, listed?.metadata]).toEqual([undefined, undefined]);
  });

  test('names the retries of an erased generation, and erases them if asked', async () => {
    await using subject = await setup();
    const { producer } = subject;
    const { generationId } = await producer.enqueue(request);
    await subject.end(generationId, { kind: 'fail', code: 'provider.task-failed' });
    const retry = await producer.retry(generationId);
    await subject.end(retry.generationId, { kind: 'succeed', bytes });
    expect(await producer.erase(generationId)).toMatchObject({ retries: [retry.generationId] });
    await subject.erase();
    expect(await producer.get(retry.generationId)).toMatchObject({ status: 'succeeded' });
    expect(await producer.erase(generationId, { retries: true })).toMatchObject({ retries: [retry.generationId] });
    await subject.erase();
    expect(await producer.erasure(generationId)).toMatchObject({ retries: [retry.generationId] });
    await expect(producer.get(retry.generationId)).rejects.toMatchObject({ code: 'generation.erased' });
  });

  test('retries no retry whose original is erased, and reads no image of a view from before its erasure', async () => {
    await using subject = await setup();
    const { producer, images } = subject;
    const { generationId } = await producer.enqueue(request, { tags: ['mine'] });
    await subject.end(generationId, { kind: 'fail', code: 'provider.task-failed' });
    const failed = await producer.retry(generationId);
    await subject.end(failed.generationId, { kind: 'fail', code: 'provider.task-failed' });
    const home = await producer.enqueue(request);
    await subject.end(home.generationId, { kind: 'succeed', bytes });
    const before = images.image(await producer.get(home.generationId), 0);
    expect(new Uint8Array(await before.bytes())).toEqual(bytes);
    for (const erased of [generationId, home.generationId]) await producer.erase(erased);
    await subject.erase();
    const gone = { code: 'generation.erased' };
    await expect(producer.retry(failed.generationId)).rejects.toMatchObject({ ...gone, details: { generationId } });
    await expect(before.bytes()).rejects.toMatchObject({ ...gone, details: { generationId: home.generationId } });
    await expect(before.stream()).rejects.toMatchObject(gone);
  });

  test('takes the retries of what a tag names, which have the tag too', async () => {
    await using subject = await setup();
    const { producer } = subject;
    const { generationId } = await producer.enqueue(request, { tags: ['mine'] });
    await subject.end(generationId, { kind: 'fail', code: 'provider.task-failed' });
    const retry = await producer.retry(generationId);
    await subject.end(retry.generationId, { kind: 'succeed', bytes });
    const { erasureId } = await producer.erase({ tag: 'mine' });
    await subject.erase();
    expect(await producer.erasure(erasureId)).toMatchObject({ status: 'erased', found: 2, erased: 2, left: 0 });
    await expect(producer.get(retry.generationId)).rejects.toMatchObject({ code: 'generation.erased' });
  });

  test('takes a request to erase an unknown generation, which the eraser does not find', async () => {
    await using subject = await setup();
    const { producer } = subject;
    const generationId = createGenerationId(Date.now());
    expect(await producer.erase(generationId)).toEqual({ generationId, status: 'requested', requestedAt: expect.any(Number), retries: [] });
    await subject.erase();
    await expect(producer.erasure(generationId)).rejects.toMatchObject({ code: 'generation.not-found' });
  });

  test('an id of another form names nothing, and no eraser hears of it', async () => {
    await using subject = await setup();
    const { producer } = subject;
    for (const id of ['undefined', 'x', '中', '01a22b40-91cd-795b-bf54-6820aec174a7:request'])
      for (const call of [
        producer.erase(id),
        producer.erasure(id),
        producer.get(id),
        producer.cancel(id),
        producer.retry(id),
        producer.timeline(id),
        producer.wait(id),
      ])
        await expect(call, id).rejects.toMatchObject({ code: 'generation.not-found' });
  });

  test('says what is wrong with a call that erases', async () => {
    await using subject = await setup();
    const wrong = { cancel: 'yes', retry: true } as unknown as { cancel: boolean };
    const { paths } = await problemsOf(() => subject.producer.erase(7 as unknown as string, wrong));
    expect(paths.toSorted()).toEqual(['generationId', 'options.cancel', 'options.retry']);
  });

  test('takes a request to erase a tag or a tenant, leaves and names open generations, and knows no other tenant', async () => {
    await using subject = await setup();
    const { producer } = subject;
    const of = { tenant: 'acme', tags: ['secret'] };
    const [home, open, other] = [
      await producer.enqueue(request, of),
      await producer.enqueue(request, of),
      await producer.enqueue(request, { tenant: 'acme' }),
    ];
    for (const { generationId } of [home, other]) await subject.end(generationId, { kind: 'succeed', bytes });
    const asked = await producer.erase({ tag: 'secret' });
    expect(asked).toMatchObject({
      erasureId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      status: expect.stringMatching(/^(requested|erased)$/),
    });
    await subject.erase();
    expect(await producer.erasure(asked.erasureId)).toEqual({
      ...asked,
      status: 'erased',
      erasedAt: expect.any(Number),
      found: 2,
      erased: 1,
      left: 1,
      open: [open.generationId],
    });
    await expect(producer.get(home.generationId)).rejects.toMatchObject({ code: 'generation.erased' });
    const whole = await producer.erase({ tenant: 'acme' }, { cancel: true });
    await subject.erase();
    expect(await producer.erasure(whole.erasureId)).toMatchObject({
      tenant: 'acme',
      status: 'erased',
      found: 2,
      erased: 2,
      left: 0,
      open: [],
    });
    for (const { generationId } of [open, other])
      await expect(producer.get(generationId)).rejects.toMatchObject({ code: 'generation.erased' });
    await expect(producer.erasure('0192f0c0-0000-7000-8000-000000000000')).rejects.toMatchObject({ code: 'generation.not-found' });
  });

  test('says what is wrong with a request to erase many', async () => {
    await using subject = await setup();
    const { producer } = subject;
    expect((await problemsOf(() => producer.erase({}))).paths).toEqual(['which']);
    const wrong = { tenant: 'a b', tags: 'x' } as unknown as { tenant: string };
    expect((await problemsOf(() => producer.erase(wrong, { cancel: 1 } as unknown as { cancel: boolean }))).paths.toSorted()).toEqual([
      'options.cancel',
      'which.tags',
      'which.tenant',
    ]);
  });
});
