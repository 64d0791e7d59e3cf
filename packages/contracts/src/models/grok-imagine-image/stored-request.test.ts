import { describe, expect, test } from 'vitest';
import { InvalidRequestError } from '../../errors.ts';
import { parseGrokImagineRequest, parseStoredGrokImagineRequest } from './parse.ts';

const stored = parseGrokImagineRequest({ positivePrompt: 'a lighthouse', width: 1280, height: 896 });

describe('a stored request', () => {
  test('is read back as it was parsed', () => {
    expect(parseStoredGrokImagineRequest(JSON.parse(JSON.stringify(stored)))).toEqual(stored);
  });

  // Redis compares a repeated call with the first one by the digest of this text. A new parameter that has a default must not stand in it
  // unless a caller names it: else a call that is repeated after an upgrade is refused as another request.
  test.each([
    [
      { positivePrompt: 'a lighthouse', width: 1280, height: 896 },
      '{"positivePrompt":"a lighthouse","taskType":"imageInference","model":"xai:grok-imagine@image","width":1280,"height":896,"numberResults":1,"outputType":"URL","outputFormat":"JPG","outputQuality":95,"deliveryMethod":"sync","safety":{"checkContent":false,"mode":"none"},"includeCost":false}',
    ],
    [
      {
        positivePrompt: 'a lighthouse',
        resolution: '1K',
        numberResults: 2,
        outputFormat: 'PNG',
        outputQuality: 80,
        inputs: { referenceImages: ['https://a.example/b.png'] },
      },
      '{"positivePrompt":"a lighthouse","taskType":"imageInference","model":"xai:grok-imagine@image","inputs":{"referenceImages":["https://a.example/b.png"]},"resolution":"1K","numberResults":2,"outputType":"URL","outputFormat":"PNG","outputQuality":80,"deliveryMethod":"sync","safety":{"checkContent":false,"mode":"none"},"includeCost":false}',
    ],
  ])('has the same text in every version: %j', (asked, text) => {
    expect(JSON.stringify(parseGrokImagineRequest(asked))).toBe(text);
  });

  test('is read although it breaks the current rules: its paid image must still be collected', () => {
    const older = { ...stored, width: 1000, height: 1000, outputQuality: 100, positivePrompt: '', aFieldOfAnotherRelease: true };
    expect(() => parseGrokImagineRequest(older)).toThrow(InvalidRequestError);
    expect(parseStoredGrokImagineRequest(older)).toEqual(older);
  });

  test.each([undefined, null, 'text', {}, { ...stored, outputFormat: 'TIFF' }, { ...stored, numberResults: '3' }])(
    'is refused if it is no request: %j',
    (other) => {
      expect(() => parseStoredGrokImagineRequest(other)).toThrow(InvalidRequestError);
    },
  );
});
