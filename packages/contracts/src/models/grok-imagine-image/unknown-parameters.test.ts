import { describe, expect, test } from 'vitest';
import { checkGrokImagineRequest } from './parse.ts';
import { foreignParameters } from './unknown-parameters.ts';

const url = 'https://images.example/a.png';
const withPrompt = (given: object): object => ({ positivePrompt: 'a cat', ...given });

describe('a field that the page does not have', () => {
  test('is named as missing in this model if other models have it', () => {
    for (const name of foreignParameters) {
      expect(checkGrokImagineRequest(withPrompt({ [name]: 1 })), name).toEqual([
        { path: name, message: expect.stringMatching(new RegExp(`^this model has no ${name}`)), given: 'a number' },
      ]);
    }
    expect(checkGrokImagineRequest(withPrompt({ negativePromt: 'dogs' }))).toMatchObject([{ message: 'this model has no negativePrompt' }]);
  });

  test.each([
    [{ outputFromat: 'PNG' }, 'outputFromat', 'outputFormat'],
    [{ prompt: 'a cat' }, 'prompt', 'positivePrompt'],
    [{ referenceImages: [url] }, 'referenceImages', 'inputs.referenceImages'],
    [{ checkNSFW: true }, 'checkNSFW', 'safety.checkContent'],
    [{ safety: { checkContnet: true } }, 'safety.checkContnet', 'safety.checkContent'],
    [{ inputs: { referenceImage: url } }, 'inputs.referenceImage', 'inputs.referenceImages'],
  ])('is refused with the name most likely meant: %o', (given, path, meant) => {
    expect(checkGrokImagineRequest(withPrompt(given))).toMatchObject([
      { path, message: `is not a parameter of this model (did you mean "${meant}"?)` },
    ]);
  });

  test.each([
    [{ safety: { colour: 1 } }, 'safety.colour', /allowed are safety\.checkContent, safety\.mode$/],
    [{ colour: 1 }, 'colour', /allowed are taskType, .*, resolution$/],
    [JSON.parse('{"__proto__": {"ttl": 1}}'), '__proto__', /^is not a parameter/],
    [{ constructor: 1 }, 'constructor', /^is not a parameter/],
    [{ 'safety.mode': 'fast' }, 'safety.mode', /^is not a parameter: a name with a dot/],
    [{ ['x'.repeat(1000)]: 1 }, `${'x'.repeat(80)}…`, /^is not a parameter/],
  ])('is refused with the allowed names if it resembles none, case %#', (given: object, path, message) => {
    expect(checkGrokImagineRequest(withPrompt(given))).toEqual([
      { path, message: expect.stringMatching(message), given: expect.any(String) },
    ]);
  });
});
