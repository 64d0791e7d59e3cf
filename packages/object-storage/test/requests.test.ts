import { parseGrokImagineRequest } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { requestKey } from '../src/index.ts';
import { refOf, setup } from './world.ts';

const request = parseGrokImagineRequest({ positivePrompt: 'a lone astronaut', width: 1024, height: 1024 });
const keptOf = (generationId: string, given: object = request) => ({
  generationId,
  provider: 'runware',
  model: request.model,
  request: { ...request, ...given },
});

test('a request is kept once, under the date of its id, and read back with the digest that its intents name', async () => {
  await using world = await setup();
  const { generationId } = refOf();
  const first = await world.storage.recordRequest(keptOf(generationId));
  expect(first).toEqual({ kind: 'kept', requestDigest: expect.stringMatching(/^[0-9a-f]{64}$/) });
  expect(requestKey(generationId)).toBe(`requests/2026-11-22/${generationId}.json`);
  expect(await world.storage.findRequest(generationId)).toEqual({
    kind: 'found',
    kept: { version: 1, salt: expect.stringMatching(/^[0-9a-f]{32}$/), ...keptOf(generationId) },
    requestDigest: first.kind === 'kept' && first.requestDigest,
  });
  expect(await world.storage.recordRequest(keptOf(generationId)), 'by a second worker').toEqual(first);
  expect(world.s3.countOf('PutObject')).toBe(2);
});

test('the digest of the same request differs from generation to generation, so that no guess is confirmed', async () => {
  await using world = await setup();
  const digests = await Promise.all([refOf(), refOf()].map(({ generationId }) => world.storage.recordRequest(keptOf(generationId))));
  expect(digests[0]).not.toEqual(digests[1]);
});

test('a tombstone in its place says that it was erased, and stands', async () => {
  await using world = await setup();
  const { generationId } = refOf();
  await world.s3.put(
    requestKey(generationId),
    JSON.stringify({ version: 1, generationId, erasedAt: 7, by: 'operator', reason: 'asked for' }),
  );
  expect(await world.storage.recordRequest(keptOf(generationId))).toEqual({ kind: 'erased', erasedAt: 7 });
  expect(await world.storage.findRequest(generationId)).toEqual({ kind: 'erased', erasedAt: 7 });
});

test('a request that was never kept is missing', async () => {
  await using world = await setup();
  expect(await world.storage.findRequest(refOf().generationId)).toEqual({ kind: 'missing' });
});

test('another request of the same id is refused, and neither is named', async () => {
  await using world = await setup();
  const { generationId } = refOf();
  await world.storage.recordRequest(keptOf(generationId));
  const error: unknown = await world.storage
    .recordRequest(keptOf(generationId, { positivePrompt: 'a secret garden' }))
    .catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'storage.corrupt-record', details: { key: requestKey(generationId) } });
  expect(String(error)).not.toMatch(/astronaut|garden/);
});

test.each([
  ['no JSON', 'a secret garden'],
  ['of a later version', JSON.stringify({ version: 2, request: { positivePrompt: 'a secret garden' } })],
  ['of another generation', JSON.stringify({ version: 1, ...keptOf(refOf().generationId), salt: 'a'.repeat(32) })],
])('an object that is %s is corrupt, and its content is not named', async (_, text) => {
  await using world = await setup();
  const { generationId } = refOf();
  await world.s3.put(requestKey(generationId), text);
  for (const attempt of [world.storage.findRequest(generationId), world.storage.recordRequest(keptOf(generationId))]) {
    const error: unknown = await attempt.catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'storage.corrupt-record', details: { key: requestKey(generationId) } });
    expect(String(error)).not.toMatch(/astronaut|garden/);
  }
});
