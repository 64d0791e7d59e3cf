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
    const later = await producer.enqueue(request, { runAt: new Date(Date.now() + 3_600_000) });
    await expect(producer.erase(later.generationId)).rejects.toMatchObject({ code: 'generation.open' });
    await expect(producer.erasure(later.generationId)).rejects.toMatchObject({ code: 'generation.not-found' });
    expect(await producer.erase(later.generationId, { cancel: true })).toMatchObject({ generationId: later.generationId });
  });

  test('says what is wrong with a call that erases', async () => {
    await using subject = await setup();
    const wrong = { cancel: 'yes', retry: true } as unknown as { cancel: boolean };
    const { paths } = await problemsOf(() => subject.producer.erase({ tag: 'x' } as unknown as string, wrong));
    expect(paths.toSorted()).toEqual(['generationId', 'options.cancel', 'options.retry']);
  });
});
