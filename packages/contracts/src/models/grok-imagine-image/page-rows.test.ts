import { describe, expect, test } from 'vitest';
import { parameters, type ParameterPath } from './page.ts';
import { checkGrokImagineRequest, parseGrokImagineRequest } from './parse.ts';
import { sizes } from './sizes.ts';

/** A row of the page: accepted values, the value of an omitted parameter, and refused values with their messages. */
interface Row {
  accepted: object[];
  /** Value in the parsed request if the parameter is omitted. */
  leftOut?: object;
  refused: { given: object; path?: string; message: RegExp; shown: string }[];
}

const uuid = '39571168-687a-4aec-a253-df7be20bd0d4';
const url = 'https://images.example/a.png';
const inputs = { referenceImages: [uuid] };
const numberRange = (range: string) => new RegExp(`^must be a whole number ${range}$`);
const images = (...referenceImages: unknown[]) => ({ inputs: { referenceImages } });
const forms =
  /^must be the UUID of an image at Runware, an http\(s\) URL, an image in base64 or as a data URI in base64, or a result of putReferenceImage for the same tenant$/;

const rows: Record<ParameterPath, Row> = {
  taskType: {
    accepted: [{ taskType: 'imageInference' }],
    leftOut: { taskType: 'imageInference' },
    refused: [{ given: { taskType: 'videoInference' }, message: /^must be "imageInference" or left out$/, shown: '"videoInference"' }],
  },
  taskUUID: {
    accepted: [{ taskUUID: uuid }, { taskUUID: uuid.toUpperCase() }],
    refused: [
      { given: { taskUUID: 'task-1' }, message: /^must be a UUID v4$/, shown: '"task-1"' },
      {
        given: { taskUUID: '019c42a0-7c1e-7000-8000-000000000000' },
        message: /^must be a UUID v4$/,
        shown: '"019c42a0-7c1e-7000-8000-000000000000"',
      },
      { given: { taskUUID: 1 }, message: /^must be a UUID v4$/, shown: '1' },
    ],
  },
  outputType: {
    accepted: [{ outputType: 'URL' }, { outputType: 'base64Data' }, { outputType: 'dataURI' }],
    leftOut: { outputType: 'URL' },
    refused: [
      { given: { outputType: 'url' }, message: /^must be "URL", "base64Data" or "dataURI"$/, shown: '"url"' },
      { given: { outputType: ['URL'] }, message: /^must be "URL", "base64Data" or "dataURI"$/, shown: 'an array of 1 item' },
    ],
  },
  outputFormat: {
    accepted: [{ outputFormat: 'JPG' }, { outputFormat: 'PNG' }, { outputFormat: 'WEBP' }],
    leftOut: { outputFormat: 'JPG' },
    // The page's note names TIFF, but it is no allowed value of this model.
    refused: [{ given: { outputFormat: 'TIFF' }, message: /^must be "JPG", "PNG" or "WEBP"$/, shown: '"TIFF"' }],
  },
  outputQuality: {
    accepted: [{ outputQuality: 20 }, { outputQuality: 99 }],
    leftOut: { outputQuality: 95 },
    refused: [
      { given: { outputQuality: 19 }, message: numberRange('from 20 to 99'), shown: '19' },
      { given: { outputQuality: 100 }, message: numberRange('from 20 to 99'), shown: '100' },
      { given: { outputQuality: 95.5 }, message: numberRange('from 20 to 99'), shown: '95.5' },
      { given: { outputQuality: '95' }, message: numberRange('from 20 to 99, not a string'), shown: '"95"' },
    ],
  },
  webhookURL: {
    accepted: [],
    refused: [
      {
        given: { webhookURL: 'https://app.example/?key=1' },
        message: /set by Darkroom.*leave it out.*option webhookURL/,
        shown: 'a string of 26 characters',
      },
    ],
  },
  deliveryMethod: {
    accepted: [{ deliveryMethod: 'sync' }, { deliveryMethod: 'async' }],
    leftOut: { deliveryMethod: 'sync' },
    refused: [{ given: { deliveryMethod: 'webhook' }, message: /^must be "sync" or "async"$/, shown: '"webhook"' }],
  },
  uploadEndpoint: {
    accepted: [],
    refused: [
      {
        given: { uploadEndpoint: 'https://bucket.example/key' },
        message: /set by Darkroom.*leave it out/,
        shown: 'a string of 26 characters',
      },
    ],
  },
  'safety.checkContent': {
    accepted: [{ safety: { checkContent: true, mode: 'fast' } }, { safety: { checkContent: false, mode: 'none' } }],
    leftOut: { safety: { checkContent: false, mode: 'none' } },
    refused: [
      { given: { safety: { checkContent: 'true' } }, message: /^must be true or false, not a string$/, shown: '"true"' },
      { given: { safety: { checkContent: 1 } }, message: /^must be true or false$/, shown: '1' },
      { given: { safety: true }, path: 'safety', message: /^must be an object$/, shown: 'a boolean' },
    ],
  },
  'safety.mode': {
    accepted: [{ safety: { checkContent: true, mode: 'fast' } }],
    leftOut: { safety: { checkContent: false, mode: 'none' } },
    refused: [
      { given: { safety: { mode: 'full' } }, message: /^must be "none" or "fast"$/, shown: '"full"' },
      { given: { safety: { checkContent: true, mode: 'none' } }, message: /^contradicts safety\.checkContent/, shown: '"none" with true' },
      {
        given: { safety: { checkContent: false, mode: 'fast' } },
        message: /^contradicts safety\.checkContent/,
        shown: '"fast" with false',
      },
    ],
  },
  ttl: {
    accepted: [{ ttl: 60 }, { ttl: 86_400, outputType: 'URL' }],
    refused: [
      { given: { ttl: 59 }, message: numberRange('of at least 60'), shown: '59' },
      { given: { ttl: 60.5 }, message: numberRange('of at least 60'), shown: '60.5' },
      { given: { ttl: Infinity }, message: numberRange('of at least 60'), shown: 'Infinity' },
      { given: { ttl: '60' }, message: numberRange('of at least 60, not a string'), shown: '"60"' },
      {
        given: { ttl: 60, outputType: 'dataURI' },
        message: /^only applies when outputType is "URL"$/,
        shown: 'a ttl with outputType "dataURI"',
      },
    ],
  },
  includeCost: {
    accepted: [{ includeCost: true }, { includeCost: false }],
    leftOut: { includeCost: false },
    refused: [{ given: { includeCost: null }, message: /^must be true or false$/, shown: 'null' }],
  },
  numberResults: {
    accepted: [{ numberResults: 1 }, { numberResults: 20 }],
    leftOut: { numberResults: 1 },
    refused: [
      { given: { numberResults: 0 }, message: numberRange('from 1 to 20'), shown: '0' },
      { given: { numberResults: 21 }, message: numberRange('from 1 to 20'), shown: '21' },
      { given: { numberResults: '3' }, message: numberRange('from 1 to 20, not a string'), shown: '"3"' },
    ],
  },
  'inputs.referenceImages': {
    accepted: [images(uuid), images(url), images('data:image/png;base64,iVBORw0KGgo='), images('iVBORw0KGgo=')],
    refused: [
      { given: images('cat.png'), path: 'inputs.referenceImages[0]', message: forms, shown: 'a string of 7 characters' },
      { given: images(null), path: 'inputs.referenceImages[0]', message: forms, shown: 'null' },
      { given: images(uuid, url), message: /^may hold at most 1 \(the setting maxReferenceImages;/, shown: 'an array of 2 items' },
      { given: images('A'.repeat(262_148)), message: /^inline images may take at most 262144 bytes together;/, shown: '262148 bytes' },
      { given: { inputs: { referenceImages: url } }, message: /^must be an array of strings$/, shown: 'a string of 28 characters' },
      { given: { inputs: [url] }, path: 'inputs', message: /^must be an object$/, shown: 'an array of 1 item' },
    ],
  },
  model: {
    accepted: [{ model: 'xai:grok-imagine@image' }],
    leftOut: { model: 'xai:grok-imagine@image' },
    refused: [
      {
        given: { model: 'xai:grok-imagine@video' },
        message: /^must be "xai:grok-imagine@image" or left out$/,
        shown: '"xai:grok-imagine@video"',
      },
    ],
  },
  positivePrompt: {
    // The page limits neither length nor characters: NUL is valid text in JSON and in UTF-8.
    accepted: [
      { positivePrompt: 'x' },
      { positivePrompt: ' ' },
      { positivePrompt: 'կանգ 🐈\u0000' },
      { positivePrompt: 'x'.repeat(100_000) },
    ],
    refused: [
      { given: { positivePrompt: undefined }, message: /^is required: must be a string of at least 1 character$/, shown: 'nothing' },
      { given: { positivePrompt: '' }, message: /^must be a string of at least 1 character$/, shown: 'a string of 0 characters' },
      { given: { positivePrompt: 7 }, message: /^must be a string of at least 1 character$/, shown: 'a number' },
      { given: { positivePrompt: 'half \ud83d a cat' }, message: /^must be well-formed Unicode/, shown: 'a string of 12 characters' },
    ],
  },
  width: {
    accepted: sizes.map((size) => ({ ...size })),
    refused: [
      {
        given: { width: 1000, height: 1000 },
        message: /^width and height must be one of the sizes 1024x1024, .*, 1408x704$/,
        shown: '1000x1000',
      },
      { given: { width: 1024, height: 896 }, message: /^width and height must be one of the sizes/, shown: '1024x896' },
      { given: { inputs, width: 1000, height: 1000 }, message: /^width and height must be one of the sizes/, shown: '1000x1000' },
      { given: { width: '1024', height: 1024 }, message: /^must be a whole number, not a string$/, shown: '"1024"' },
      { given: { height: 1024 }, message: /^must be given together with height$/, shown: 'nothing' },
    ],
  },
  height: {
    accepted: [{ inputs, width: 1024, height: 1024 }],
    refused: [
      { given: { width: 1024, height: 1024.5 }, message: /^must be a whole number$/, shown: '1024.5' },
      { given: { width: 1024 }, message: /^must be given together with width$/, shown: 'nothing' },
    ],
  },
  resolution: {
    accepted: [{ resolution: '1K' }, { resolution: '1K', inputs }],
    leftOut: { resolution: '1K' },
    refused: [
      { given: { resolution: '2K' }, message: /^must be "1K"$/, shown: '"2K"' },
      { given: { resolution: '1K', width: 1024, height: 1024 }, message: /^cannot be used with width and height/, shown: '"1K"' },
    ],
  },
};

const withPrompt = (given: object): object => ({ positivePrompt: 'a cat', ...given });

describe.each(Object.entries(rows))('%s', (path, { accepted, leftOut, refused }) => {
  test.each(accepted)('accepts a value that the page allows, case %#', (given) => {
    const { taskUUID, ...rest } = { taskUUID: undefined, ...given };
    expect(parseGrokImagineRequest(withPrompt(given))).toMatchObject(
      taskUUID === undefined ? rest : { ...rest, clientReference: taskUUID },
    );
  });

  test("if omitted, gets the page's default, stays absent, or is required", () => {
    const parsed = parseGrokImagineRequest({ positivePrompt: 'a cat' });
    if (leftOut !== undefined) expect(parsed).toMatchObject(leftOut);
    else if (path !== 'positivePrompt') expect(parsed).not.toHaveProperty(path);
    else expect(() => parseGrokImagineRequest({})).toThrow('positivePrompt: is required');
  });

  test.each(refused)('refuses other values and names the allowed ones, case %#', ({ given, path: at = path, message, shown }) => {
    expect(checkGrokImagineRequest(withPrompt(given))).toEqual([{ path: at, message: expect.stringMatching(message), given: shown }]);
  });
});

describe('the whole', () => {
  test('the table holds every row of the page', () => {
    expect(Object.keys(rows)).toEqual(Object.keys(parameters));
  });

  test.each([
    [undefined, 'nothing'],
    [null, 'null'],
    ['a cat', 'a string of 5 characters'],
    [[{ positivePrompt: 'a cat' }], 'an array of 1 item'],
  ])('refuses a whole request that is not an object: %o', (given, shown) => {
    expect(checkGrokImagineRequest(given)).toEqual([{ path: '', message: 'must be an object', given: shown }]);
  });

  test('treats a field with the value undefined as absent, as in JSON', () => {
    expect(parseGrokImagineRequest({ positivePrompt: 'a cat', ttl: undefined, inputs: undefined, safety: { mode: undefined } })).toEqual(
      parseGrokImagineRequest({ positivePrompt: 'a cat' }),
    );
  });
});
