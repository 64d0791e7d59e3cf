import { describe, expect, test } from 'vitest';
import { InvalidRequestError } from '../../errors.ts';
import { checkGrokImagineRequest, parseGrokImagineRequest, parseStoredGrokImagineRequest } from './parse.ts';

const uuid = '39571168-687a-4aec-a253-df7be20bd0d4';
const url = 'https://images.example/a.png';

const errorOf = (act: () => unknown): unknown => {
  try {
    return act();
  } catch (error) {
    return error;
  }
};

describe('parseGrokImagineRequest', () => {
  test('fills in every default of the page', () => {
    expect(parseGrokImagineRequest({ positivePrompt: 'a cat' })).toEqual({
      taskType: 'imageInference',
      model: 'xai:grok-imagine@image',
      positivePrompt: 'a cat',
      resolution: '1K',
      numberResults: 1,
      outputType: 'URL',
      outputFormat: 'JPG',
      outputQuality: 95,
      deliveryMethod: 'sync',
      safety: { checkContent: false, mode: 'none' },
      includeCost: false,
    });
  });

  test('reports all problems together, of fields and between fields', () => {
    const error = errorOf(() =>
      parseGrokImagineRequest({
        seed: 1,
        outputQuality: 200,
        width: 1024,
        resolution: '1K',
        ttl: 60,
        outputType: 'base64Data',
        inputs: { referenceImages: ['?'] },
      }),
    );
    expect(error).toBeInstanceOf(InvalidRequestError);
    expect((error as InvalidRequestError).problems.map(({ path }) => path).toSorted()).toEqual([
      'height',
      'inputs.referenceImages[0]',
      'outputQuality',
      'positivePrompt',
      'resolution',
      'seed',
      'ttl',
    ]);
    expect(String(error)).toMatch(/the call has 7 problems\n {2}seed: this model has no seed/);
  });

  test('keeps the task id of the caller as its reference', () => {
    expect(parseGrokImagineRequest({ positivePrompt: 'a cat', taskUUID: uuid })).not.toHaveProperty('taskUUID');
    expect(parseGrokImagineRequest({ positivePrompt: 'a cat', taskUUID: uuid }).clientReference).toBe(uuid);
    expect(parseGrokImagineRequest({ positivePrompt: 'a cat', clientReference: uuid }).clientReference).toBe(uuid);
    expect(
      checkGrokImagineRequest({ positivePrompt: 'a cat', taskUUID: uuid, clientReference: 'c62f6951-f37f-4019-a51c-0ed55c202732' }),
    ).toEqual([
      { path: 'clientReference', message: 'differs from taskUUID; give one of them', given: '"c62f6951-f37f-4019-a51c-0ed55c202732"' },
    ]);
  });

  test.each([
    [{ checkContent: true }, { checkContent: true, mode: 'fast' }],
    [{ mode: 'fast' }, { checkContent: true, mode: 'fast' }],
    [{ checkContent: false }, { checkContent: false, mode: 'none' }],
    [{ mode: 'none' }, { checkContent: false, mode: 'none' }],
    [{}, { checkContent: false, mode: 'none' }],
  ])('accepts either half of safety: %o', (safety, parsed) => {
    expect(parseGrokImagineRequest({ positivePrompt: 'a cat', safety }).safety).toEqual(parsed);
  });

  test('reference images replace a size, an empty list does not', () => {
    expect(parseGrokImagineRequest({ positivePrompt: 'a cat', inputs: { referenceImages: [url] } })).not.toHaveProperty('resolution');
    expect(parseGrokImagineRequest({ positivePrompt: 'a cat', inputs: { referenceImages: [] } })).toEqual(
      parseGrokImagineRequest({ positivePrompt: 'a cat' }),
    );
  });

  test('limits that the page leaves open are settings', () => {
    const request = { positivePrompt: 'a cat', inputs: { referenceImages: [url, url, url] } };
    expect(checkGrokImagineRequest(request)).toHaveLength(1);
    expect(checkGrokImagineRequest(request, { maxReferenceImages: 3 })).toEqual([]);
    expect(checkGrokImagineRequest(request, { maxReferenceImages: 2 })).toMatchObject([{ message: expect.stringContaining('at most 2 ') }]);
    const inline = { positivePrompt: 'a cat', inputs: { referenceImages: ['A'.repeat(600), `data:image/png;base64,${'A'.repeat(600)}`] } };
    expect(checkGrokImagineRequest(inline, { maxReferenceImages: 2, maxInlineBytes: 1222 })).toEqual([]);
    expect(checkGrokImagineRequest(inline, { maxReferenceImages: 2, maxInlineBytes: 1221 })).toMatchObject([{ given: '1222 bytes' }]);
  });

  test('reads a stored request under any settings', () => {
    const parsed = parseGrokImagineRequest({ positivePrompt: 'a cat', inputs: { referenceImages: [url, url] } }, { maxReferenceImages: 2 });
    expect(() => parseGrokImagineRequest(parsed)).toThrow(InvalidRequestError);
    expect(parseStoredGrokImagineRequest(JSON.parse(JSON.stringify(parsed)))).toEqual(parsed);
  });

  test('a parsed request does not change with its input', () => {
    const given = { positivePrompt: 'a cat', inputs: { referenceImages: [url] } };
    const parsed = parseGrokImagineRequest(given);
    given.inputs.referenceImages.push('something else');
    expect(parsed.inputs?.referenceImages).toEqual([url]);
  });

  test('equal requests are equal as text', () => {
    const one = parseGrokImagineRequest({ positivePrompt: 'a cat', ttl: 60, width: 1024, height: 1024, taskUUID: uuid });
    const other = parseGrokImagineRequest({
      clientReference: uuid,
      height: 1024,
      outputFormat: 'JPG',
      width: 1024,
      ttl: 60,
      positivePrompt: 'a cat',
    });
    expect(JSON.stringify(other)).toBe(JSON.stringify(one));
  });
});
