import { checkGrokImagineRequest, exampleRequests, parseGrokImagineRequest, sizes } from '@darkroom/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseFaults } from '../faults/parse-faults.ts';
import { checkImageInference, type RawTask } from './check-image-inference.ts';

const valid: RawTask = {
  taskType: 'imageInference',
  taskUUID: '39571168-687a-4aec-a253-df7be20bd0d4',
  model: 'xai:grok-imagine@image',
  positivePrompt: 'x',
};
const codesOf = (changes: RawTask, faults: object = {}): string[] =>
  checkImageInference(without(changes), parseFaults(faults)).map(({ code, parameter }) => `${code} ${parameter}`);
const without = (changes: RawTask): RawTask => JSON.parse(JSON.stringify({ ...valid, ...changes })) as RawTask;

test('the examples of the page pass', () => {
  for (const { request } of exampleRequests) expect(checkImageInference({ ...request }, parseFaults({}))).toEqual([]);
});

test('each of the 13 sizes passes', () => {
  for (const size of sizes) expect(codesOf(size)).toEqual([]);
});

test.each<[string, RawTask, string[]]>([
  ['a required parameter that is missing', { positivePrompt: undefined }, ['missingPositivePrompt positivePrompt']],
  ['an empty prompt', { positivePrompt: '' }, ['invalidPositivePrompt positivePrompt']],
  ['an id that is no UUID v4', { taskUUID: '019c42a0-0000-7000-8000-000000000000' }, ['invalidTaskUUID taskUUID']],
  ['another model', { model: 'runware:101@1' }, ['invalidModel model']],
  ['a number as text', { outputQuality: '95' }, ['invalidOutputQuality outputQuality']],
  ['a fraction', { numberResults: 1.5 }, ['invalidNumberResults numberResults']],
  ['a number below the range', { ttl: 59 }, ['invalidTtl ttl']],
  ['a number above the range', { numberResults: 21 }, ['invalidNumberResults numberResults']],
  ['a value that is not offered', { outputType: 'url' }, ['invalidOutputType outputType']],
  [
    'no address',
    { webhookURL: 'example.com', uploadEndpoint: 'ftp://x/y' },
    ['invalidWebhookURL webhookURL', 'invalidUploadEndpoint uploadEndpoint'],
  ],
  [
    'a wrong value in a group',
    { safety: { mode: 'full', checkContent: 1 } },
    ['invalidSafetyCheckContent safety.checkContent', 'invalidSafetyMode safety.mode'],
  ],
  ['a group that is no object', { safety: true }, ['invalidSafety safety']],
  [
    'references that are no images',
    { inputs: { referenceImages: ['no image!'] } },
    ['invalidInputsReferenceImages inputs.referenceImages'],
  ],
  ['a width alone', { width: 1024 }, ['missingHeight height']],
  ['a height alone', { height: 1024 }, ['missingWidth width']],
  ['a pair that is not in the table', { width: 1280, height: 1280 }, ['unsupportedDimensions width']],
  ['a size and a resolution', { width: 1024, height: 1024, resolution: '1K' }, ['incompatibleParameters resolution']],
  ['another resolution', { resolution: '2K' }, ['invalidResolution resolution']],
  [
    'a parameter that the page does not name',
    { seed: 1, safety: { level: 2 } },
    ['unknownParameter seed', 'unknownParameter safety.level'],
  ],
])('%s is refused', (_, changes, codes) => {
  expect(codesOf(changes)).toEqual(codes);
});

test('each form of a reference image passes', () => {
  const referenceImages = [valid['taskUUID'], 'https://example.com/a.png', 'data:image/png;base64,iVBORw0KGgo=', 'iVBORw0KGgo='];
  expect(codesOf({ inputs: { referenceImages } })).toEqual([]);
});

test('the switches decide about a missing geometry and the number of references', () => {
  const inputs = { referenceImages: ['https://example.com/a.png', 'https://example.com/b.png'] };
  expect(codesOf({})).toEqual([]);
  expect(codesOf({}, { geometry: 'required' })).toEqual(['missingWidth width']);
  expect(codesOf({ inputs }, { geometry: 'required' })).toEqual([]);
  expect(codesOf({ inputs }, { maxReferenceImages: 1 })).toEqual(['maxReferenceImagesExceeded inputs.referenceImages']);
});

test('no message repeats a prompt or an address', () => {
  const secret = 'https://bucket.example/key?X-Amz-Signature=abc';
  const errors = checkImageInference(
    { ...valid, positivePrompt: [secret], uploadEndpoint: `x${secret}`, webhookURL: [secret] },
    parseFaults({}),
  );
  expect(errors).toHaveLength(3);
  expect(JSON.stringify(errors)).not.toContain('bucket.example');
});

// Two independent readings of one page: the emulator accepts every request that contracts accepts.
test('every request that contracts accepts passes', () => {
  const size = fc.constantFrom<object>({}, { resolution: '1K' }, ...sizes);
  const request = fc.record(
    {
      positivePrompt: fc.string({ minLength: 1 }),
      outputFormat: fc.constantFrom('JPG', 'PNG', 'WEBP'),
      outputQuality: fc.integer({ min: 15, max: 105 }),
      numberResults: fc.integer({ min: 0, max: 22 }),
      includeCost: fc.boolean(),
      ttl: fc.integer({ min: 50, max: 100_000 }),
      safety: fc.record({ checkContent: fc.boolean() }, { requiredKeys: [] }),
      inputs: fc.record({
        referenceImages: fc.array(fc.constantFrom('https://example.com/a.png', 'iVBORw0KGgo=', 'no'), { maxLength: 1 }),
      }),
    },
    { requiredKeys: ['positivePrompt'] },
  );
  let accepted = 0;
  fc.assert(
    fc.property(size, request, (geometry, rest) => {
      const input = { ...geometry, ...rest };
      if (checkGrokImagineRequest(input).length > 0) return;
      accepted += 1;
      const task = { ...parseGrokImagineRequest(input), taskUUID: valid['taskUUID'] };
      expect(checkImageInference(task, parseFaults({}))).toEqual([]);
    }),
    { numRuns: 300 },
  );
  expect(accepted).toBeGreaterThan(50);
});

test('checkNSFW, the older name of the content check, is accepted as a boolean', () => {
  expect(codesOf({ checkNSFW: true })).toEqual([]);
  expect(codesOf({ checkNSFW: 'yes' })).toEqual(['invalidCheckNSFW checkNSFW']);
});
