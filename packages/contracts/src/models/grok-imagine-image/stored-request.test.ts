import { describe, expect, test } from 'vitest';
import { InvalidRequestError } from '../../errors.ts';
import { parseGrokImagineRequest, parseStoredGrokImagineRequest } from './parse.ts';

const stored = parseGrokImagineRequest({ positivePrompt: 'a lighthouse', width: 1280, height: 896 });

describe('a stored request', () => {
  test('is read back as it was parsed', () => {
    expect(parseStoredGrokImagineRequest(JSON.parse(JSON.stringify(stored)))).toEqual(stored);
  });

  test('is read under the rules of its own release: an image that is paid for comes home under other ones', () => {
    const older = { ...stored, width: 1000, height: 1000, outputQuality: 100, positivePrompt: '', aFieldOfAnotherRelease: true };
    expect(() => parseGrokImagineRequest(older)).toThrow(InvalidRequestError);
    expect(parseStoredGrokImagineRequest(older)).toEqual(older);
  });

  test.each([undefined, null, 'text', {}, { ...stored, outputFormat: 'TIFF' }, { ...stored, numberResults: '3' }])(
    'is refused when it is none: %j',
    (other) => {
      expect(() => parseStoredGrokImagineRequest(other)).toThrow(InvalidRequestError);
    },
  );
});
