import { ConfigError, InvalidRequestError } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { createTestingProducer } from '../src/testing/index.ts';

// These rules hold for the producer for unit tests alone; `conformance.test.ts` holds those of both.
const request = { positivePrompt: 'a red door' };

test('generations take the scripted ends in order, then the usual one', async () => {
  const producer = createTestingProducer();
  producer.next({ kind: 'fail', code: 'provider.task-failed' }, { kind: 'cap' }, { kind: 'full' });
  expect(await producer.generate(request)).toMatchObject({ status: 'failed', images: [{ fault: { code: 'provider.task-failed' } }] });
  await expect(producer.generate(request)).rejects.toMatchObject({ code: 'spend.cap-reached' });
  await expect(producer.generate(request)).rejects.toMatchObject({ code: 'queue.full', retryable: true });
  expect(await producer.generate(request)).toMatchObject({ status: 'succeeded' });
  expect(producer.generations.map(({ status }) => status)).toEqual(['failed', 'succeeded']);
});

test('a repeated enqueue takes no scripted end', async () => {
  const producer = createTestingProducer();
  const { generationId } = await producer.enqueue(request);
  producer.next({ kind: 'cap' });
  expect(await producer.enqueue(request, { generationId })).toMatchObject({ created: false });
  await expect(producer.enqueue(request)).rejects.toMatchObject({ code: 'spend.cap-reached' });
});

test('a generation that runs ends when the test says so', async () => {
  const producer = createTestingProducer({ outcome: { kind: 'run' } });
  const { generationId } = await producer.enqueue(request);
  const waiting = producer.wait(generationId);
  producer.finish(generationId, { kind: 'succeed', bytes: new Uint8Array([1, 2, 3]) });
  const generation = await waiting;
  expect([...(await producer.images.image(generation, 0).bytes())]).toEqual([1, 2, 3]);
  expect(() => producer.finish(generationId, { kind: 'succeed' })).toThrow(/is the id of a generation that is "succeeded"/);
  const { generationId: other } = await producer.enqueue(request);
  expect(() => producer.finish(other)).toThrow(/cannot end by the outcome "run"/);
  expect(() => producer.finish('unknown', { kind: 'succeed' })).toThrow(/is not the id of a generation/);
});

test('a generation that runs later takes its end then', async () => {
  const producer = createTestingProducer();
  const { generationId } = await producer.enqueue(request, { runAt: Date.now() + 60_000 });
  expect(await producer.get(generationId)).toMatchObject({ status: 'queued', reservedUsd: '0' });
  producer.finish(generationId);
  expect(await producer.get(generationId)).toMatchObject({ status: 'succeeded', costUsd: '0.02' });
});

test('its clock decides times', async () => {
  const producer = createTestingProducer({ now: () => Date.UTC(2030, 0, 1) });
  await expect(producer.enqueue(request, { deadlineAt: Date.UTC(2029, 11, 31) })).rejects.toThrow(/redis time is 2030-01-01T00:00:00/);
});

test('refuses wrong outcomes and options, all at once', async () => {
  const producer = createTestingProducer();
  const wrong = [{ kind: 'suceed' }, { kind: 'fail', code: 'nonsense' }, { kind: 'succeed', bytes: 'text', byte: 1 }] as never[]; // values that the types forbid
  expect(() => producer.next(...wrong)).toThrow(InvalidRequestError);
  expect(() => producer.next(...wrong)).toThrow(
    /4 problems.*outcomes\[0\]\.kind.*outcomes\[1\]\.code.*did you mean "bytes".*outcomes\[2\]\.bytes/s,
  );
  const options = { tenant: '', maxReferenceImages: -1, cdnUrl: 'ftp://x', now: 3, outcom: {} } as never; // values that the types forbid
  expect(() => createTestingProducer(options)).toThrow(ConfigError);
  expect(() => createTestingProducer(options)).toThrow(/5 settings are wrong.*did you mean "outcome"/s);
  producer.next({ kind: 'each', images: [{ kind: 'succeed' }] });
  await expect(producer.enqueue({ ...request, numberResults: 2 })).rejects.toThrow(/must hold one for each of the 2 images, got "?1/);
  expect(producer.generations).toEqual([]);
});

test('a reference image is accepted by a later request', async () => {
  const producer = createTestingProducer();
  const reference = await producer.images.putReferenceImage(new Uint8Array([1]));
  const generation = await producer.generate({ ...request, inputs: { referenceImages: [reference] } });
  expect(generation.costUsd).toBe('0.022');
  const foreign = await producer.images.putReferenceImage(new Uint8Array([1]), { tenant: 'other' });
  const refused = { code: 'request.invalid', message: expect.stringMatching(/referenceImages\[0\].*for the same tenant/) };
  const other = { ...request, inputs: { referenceImages: [foreign] } };
  await expect(producer.enqueue(other)).rejects.toMatchObject(refused);
  await expect(producer.enqueueMany([other])).rejects.toMatchObject(refused);
  expect(await producer.enqueueMany([other], { tenant: 'other' })).toHaveLength(1);
  await expect(producer.images.putReferenceImage(new Uint8Array())).rejects.toMatchObject({ code: 'request.invalid' });
});

test('what was erased shows no prompt and no label, whichever way a test looks', async () => {
  const producer = createTestingProducer();
  const { generationId } = await producer.generate(request, { tags: ['mine'], metadata: { user: 'alice' } });
  await producer.erase(generationId);
  const text = JSON.stringify(producer.generations) + JSON.stringify(await producer.list());
  expect(text).toContain(generationId);
  for (const word of ['a red door', 'mine', 'alice']) expect(text).not.toContain(word);
});

test('the state of a request to erase names a thousand open generations and counts all', async () => {
  const producer = createTestingProducer({ outcome: { kind: 'run' } });
  await producer.enqueueMany(
    Array.from({ length: 1001 }, () => request),
    { tags: ['mine'] },
  );
  const { erasureId } = await producer.erase({ tag: 'mine' });
  const state = await producer.erasure(erasureId);
  expect(state).toMatchObject({ found: 1001, erased: 0, left: 1001 });
  expect('open' in state && state.open).toHaveLength(1000);
});
