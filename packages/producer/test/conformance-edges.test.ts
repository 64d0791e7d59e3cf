import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createGenerationId } from '@darkroom/contracts';
import { describe, expect, onTestFinished, test } from 'vitest';
import { subjects } from './conformance-world.ts';

// What a caller meets rarely, asked of both producers as in conformance.test.ts.

const request = { positivePrompt: 'a red door', width: 1024, height: 1024 } as const;
const bytes = new TextEncoder().encode('the bytes of an image');

describe.each(subjects)('%s', (_name, setup) => {
  test('a view from before an erasure has an address that leads nowhere, and saves no file', async () => {
    await using subject = await setup();
    const { producer, images } = subject;
    const { generationId } = await producer.enqueue(request);
    await subject.end(generationId, { kind: 'succeed', bytes });
    const image = images.image(await producer.get(generationId), 0);
    await producer.erase(generationId);
    await subject.erase();
    const folder = mkdtempSync(path.join(tmpdir(), 'darkroom-edges-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    expect(await image.url()).toMatch(/^https?:/);
    const file = path.join(folder, 'image.jpg');
    await expect(image.save(file)).rejects.toMatchObject({ code: 'generation.erased', details: { generationId } });
    expect(existsSync(file)).toBe(false);
  });

  test('a retry takes no id of another tenant, of another order, or of its original', async () => {
    await using subject = await setup();
    const { producer } = subject;
    const failed = await producer.enqueue(request);
    await subject.end(failed.generationId, { kind: 'fail', code: 'provider.task-failed' });
    const foreign = await producer.enqueue(request, { tenant: 'bob' });
    const other = await producer.enqueue(request);
    for (const { generationId } of [foreign, other, failed])
      await expect(producer.retry(failed.generationId, { generationId }), generationId).rejects.toMatchObject({ code: 'request.conflict' });
    const generationId = createGenerationId(Date.now());
    expect(await producer.retry(failed.generationId, { generationId })).toMatchObject({ generationId, created: true });
    expect(await producer.retry(failed.generationId, { generationId })).toMatchObject({ generationId, created: false });
  });

  test('an erased retry, and an id that was asked to be erased before it was known', async () => {
    await using subject = await setup();
    const { producer } = subject;
    const failed = await producer.enqueue(request);
    await subject.end(failed.generationId, { kind: 'fail', code: 'provider.task-failed' });
    const retry = await producer.retry(failed.generationId);
    await subject.end(retry.generationId, { kind: 'succeed', bytes });
    await producer.erase(retry.generationId);
    await subject.erase();
    // the image was bought again, and a repeated call says so
    expect(await producer.retry(failed.generationId)).toMatchObject({ generationId: retry.generationId, created: false });
    const early = createGenerationId(Date.now());
    await producer.erase(early);
    await subject.erase();
    expect(await producer.enqueue(request, { generationId: early })).toMatchObject({ generationId: early, created: true });
    expect(await producer.get(early)).toMatchObject({ request: { positivePrompt: 'a red door' } });
  });

  test('watches a final generation once, and neither an erased nor an unknown one', async () => {
    await using subject = await setup();
    const { producer } = subject;
    const { generationId } = await producer.enqueue(request);
    await subject.end(generationId, { kind: 'succeed', bytes });
    const seen = async (id: string): Promise<string[]> => {
      const statuses: string[] = [];
      for await (const { status } of producer.watch(id)) statuses.push(status);
      return statuses;
    };
    expect(await seen(generationId)).toEqual(['succeeded']);
    await producer.erase(generationId);
    await subject.erase();
    await expect(seen(generationId)).rejects.toMatchObject({ code: 'generation.erased' });
    await expect(producer.wait(generationId)).rejects.toMatchObject({ code: 'generation.erased' });
    await expect(seen(createGenerationId(Date.now()))).rejects.toMatchObject({ code: 'generation.not-found' });
  });

  test('a list that changes between two pages shows each generation once that was there', async () => {
    await using subject = await setup();
    const { producer } = subject;
    const there: string[] = [];
    for (let at = 0; at < 5; at += 1) there.push((await producer.enqueue(request)).generationId);
    const first = await producer.list({ limit: 2 });
    await producer.enqueue(request);
    await subject.end(there[1] ?? '', { kind: 'succeed', bytes });
    await producer.cancel(there[0] ?? '');
    const seen = first.generations.map(({ generationId }) => generationId);
    for (let cursor = first.nextCursor; cursor !== undefined;) {
      const page = await producer.list({ limit: 2, cursor });
      seen.push(...page.generations.map(({ generationId }) => generationId));
      cursor = page.nextCursor;
    }
    expect(seen.toSorted()).toEqual(there.toSorted());
  });

  test('money of an order whose time has just passed is held, and of one for later is not', async () => {
    await using subject = await setup();
    const { producer } = subject;
    const due = await producer.enqueue(request, { runAt: Date.now() - 1000 });
    await subject.end(due.generationId, { kind: 'run' });
    const later = await producer.enqueue(request, { runAt: Date.now() + 3_600_000 });
    expect((await producer.get(due.generationId)).reservedUsd).toBe('0.02');
    expect((await producer.get(later.generationId)).reservedUsd).toBe('0');
  });
});
