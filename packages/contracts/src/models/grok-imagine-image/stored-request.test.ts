import { describe, expect, test } from 'vitest';
import { InvalidRequestError } from '../../errors.ts';
import { parseGrokImagineRequest, parseStoredGrokImagineRequest } from './parse.ts';

const stored = parseGrokImagineRequest({ positivePrompt: 'a lighthouse', width: 1280, height: 896 });

describe('a stored request', () => {
  test('is read back as it was parsed', () => {
    expect(parseStoredGrokImagineRequest(JSON.parse(JSON.stringify(stored)))).toEqual(stored);
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
