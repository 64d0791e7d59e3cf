import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvalidRequestError } from '../../errors.ts';
import { checkGrokImagineRequest, parseGrokImagineRequest } from './parse.ts';

/*
 * The rules of the page, written a second time and from the page alone: nothing here comes from the code under test. `broken` returns
 * each rule that a request breaks, by the path where a caller would look for it.
 */

const SIZES = '1024x1024 896x1280 1280x896 768x1408 1408x768 864x1296 1296x864 576x1248 1248x576 576x1280 1280x576 704x1408 1408x704'.split(
  ' ',
);
const KNOWN =
  'taskType taskUUID clientReference outputType outputFormat outputQuality webhookURL deliveryMethod uploadEndpoint safety ttl includeCost numberResults inputs model positivePrompt width height resolution'.split(
    ' ',
  );

type Request = Record<string, unknown>;
const isRecord = (value: unknown): value is Request => typeof value === 'object' && value !== null && !Array.isArray(value);
/** Whole, and small enough that JSON carries it exactly. */
const isWhole = (value: unknown, min: number, max: number): boolean =>
  typeof value === 'number' && value % 1 === 0 && Math.abs(value) < 2 ** 53 && value >= min && value <= max;
const isV4 = (value: unknown): boolean =>
  typeof value === 'string' && /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/i.test(value);

function isReference(value: unknown): boolean {
  if (typeof value !== 'string') return false;
  if (value.startsWith('http://') || value.startsWith('https://')) return value.length > 8 && !value.includes(' ');
  if (value.length === 36 && value.split('-').length === 5) return true;
  const base64 = value.startsWith('data:image/') ? (value.split(';base64,')[1] ?? '') : value;
  return base64 !== '' && Buffer.from(base64, 'base64').toString('base64') === base64;
}

function broken(request: Request): string[] {
  const paths = new Set<string>();
  const given = (name: string): boolean => request[name] !== undefined;
  const rule = (path: string, holds: boolean): void => void (holds || paths.add(path));
  const oneOf = (name: string, ...values: unknown[]): void => rule(name, !given(name) || values.includes(request[name]));

  for (const name of Object.keys(request)) rule(name, KNOWN.includes(name) || !given(name));
  oneOf('taskType', 'imageInference');
  oneOf('model', 'xai:grok-imagine@image');
  oneOf('outputType', 'URL', 'base64Data', 'dataURI');
  oneOf('outputFormat', 'JPG', 'PNG', 'WEBP');
  oneOf('deliveryMethod', 'sync', 'async');
  oneOf('includeCost', true, false);
  oneOf('resolution', '1K');
  rule('webhookURL', !given('webhookURL'));
  rule('uploadEndpoint', !given('uploadEndpoint'));
  rule('taskUUID', !given('taskUUID') || isV4(request['taskUUID']));
  rule('outputQuality', !given('outputQuality') || isWhole(request['outputQuality'], 20, 99));
  rule('numberResults', !given('numberResults') || isWhole(request['numberResults'], 1, 20));
  rule('ttl', !given('ttl') || isWhole(request['ttl'], 60, Infinity));
  rule('ttl', !given('ttl') || !['base64Data', 'dataURI'].includes(String(request['outputType'])));
  const prompt = request['positivePrompt'];
  rule('positivePrompt', typeof prompt === 'string' && prompt.length > 0 && Buffer.from(prompt, 'utf8').toString('utf8') === prompt);

  const { width, height } = request;
  rule('width', given('width') === given('height') || given('width'));
  rule('height', given('width') === given('height') || given('height'));
  rule('width', !given('width') || isWhole(width, -Infinity, Infinity));
  rule('height', !given('height') || isWhole(height, -Infinity, Infinity));
  if (isWhole(width, -Infinity, Infinity) && isWhole(height, -Infinity, Infinity))
    rule('width', SIZES.includes(`${String(width)}x${String(height)}`));
  rule('resolution', !given('resolution') || (!given('width') && !given('height')));

  const { inputs, safety } = request;
  rule('inputs', inputs === undefined || isRecord(inputs));
  if (isRecord(inputs)) {
    for (const name of Object.keys(inputs)) rule(`inputs.${name}`, name === 'referenceImages');
    const images = inputs['referenceImages'];
    rule('inputs.referenceImages', images === undefined || Array.isArray(images));
    if (Array.isArray(images)) {
      rule('inputs.referenceImages', images.length <= 2);
      for (const [index, image] of images.entries()) rule(`inputs.referenceImages[${index}]`, isReference(image));
    }
  }
  rule('safety', safety === undefined || isRecord(safety));
  if (isRecord(safety)) {
    for (const name of Object.keys(safety)) rule(`safety.${name}`, name === 'checkContent' || name === 'mode');
    const { checkContent, mode } = safety;
    rule('safety.checkContent', checkContent === undefined || typeof checkContent === 'boolean');
    rule('safety.mode', mode === undefined || mode === 'none' || mode === 'fast');
    rule('safety.mode', !(checkContent === true && mode === 'none') && !(checkContent === false && mode === 'fast'));
  }
  return [...paths].toSorted();
}

const SECRET = 'S3CR3T';
const uuid = fc.uuid({ version: 4 });
const reference = fc.oneof(
  uuid,
  fc
    .webUrl()
    // A name of the local network is refused (reference-address.test.ts).
    .filter((url) => !/\.(localhost|local|localdomain|internal|intranet|lan|corp|home|private|arpa)$/.test(new URL(url).hostname))
    .map((url) => `${url}?signature=${SECRET}`),
  fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('base64')),
  fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => `data:image/webp;base64,${Buffer.from(bytes).toString('base64')}`),
);
const optional = { requiredKeys: [] };
const geometry = fc.oneof(
  fc.constant({}),
  fc.constant({ resolution: '1K' }),
  fc.constantFrom(...SIZES).map((size) => ({ width: Number(size.split('x')[0]), height: Number(size.split('x')[1]) })),
);

/** A request that obeys the page. */
const validRequest: fc.Arbitrary<Request> = fc
  .tuple(
    fc.string({ unit: 'binary', maxLength: 60 }).map((text) => `${SECRET} ${text}`),
    geometry,
    fc.record(
      {
        taskType: fc.constant('imageInference'),
        model: fc.constant('xai:grok-imagine@image'),
        taskUUID: uuid,
        outputFormat: fc.constantFrom('JPG', 'PNG', 'WEBP'),
        outputQuality: fc.integer({ min: 20, max: 99 }),
        numberResults: fc.integer({ min: 1, max: 20 }),
        deliveryMethod: fc.constantFrom('sync', 'async'),
        includeCost: fc.boolean(),
        inputs: fc.record({ referenceImages: fc.array(reference, { maxLength: 2 }) }, optional),
        safety: fc.constantFrom(
          {},
          { checkContent: true },
          { checkContent: true, mode: 'fast' },
          { checkContent: false, mode: 'none' },
          { mode: 'fast' },
          { mode: 'none' },
        ),
      },
      optional,
    ),
    fc.oneof(
      fc.record({ outputType: fc.constant('URL'), ttl: fc.integer({ min: 60 }) }, optional),
      fc.record({ outputType: fc.constantFrom('base64Data', 'dataURI') }),
    ),
  )
  .map(([positivePrompt, ...parts]) => Object.assign({ positivePrompt }, ...parts) as Request); // Object.assign of a spread is any

/** Values near the limits of the page, of the wrong type, and of other parameters. */
const words = '1K 2K URL dataURI url JPG jpg TIFF sync fast none true 95 1024 imageInference'.split(' ');
const numbers = [-0, -1, 0, 1, 1.5, 19, 20, 21, 59, 60, 61, 99, 100, 576, 704, 896, 1000, 1024, 1280, 1408, 2 ** 53, Number.NaN, Infinity];
const shapes = [
  undefined,
  null,
  true,
  false,
  '',
  [],
  {},
  [SECRET],
  { checkContent: true, mode: 'none' },
  { checkContent: false, mode: 'fast' },
  { mode: 'full' },
  { checkContent: 'true' },
  { extra: SECRET },
  { referenceImages: SECRET },
  { referenceImages: ['cat.png', 7] },
  { referenceImages: ['AAAA', 'AAAA', 'AAAA'] },
  { referenceImages: [], image: SECRET },
];
const anyValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(...words),
  fc.constantFrom(...numbers),
  fc.constantFrom<unknown[]>(...shapes),
  fc.string({ unit: 'binary' }).map((text) => `${text} \ud800`),
  fc.integer(),
  fc.double(),
);
const change = fc.tuple(
  fc.constantFrom(...KNOWN.filter((name) => name !== 'clientReference'), 'seed', 'steps', 'prompt', 'outputFromat', 'x'),
  anyValue,
);
const changedRequest = fc
  .tuple(validRequest, fc.array(change, { maxLength: 3 }))
  .map(([request, changes]) => ({ ...request, ...Object.fromEntries(changes) }));
const limits = { maxReferenceImages: 2 };
const runs = { numRuns: 3000 };

describe('the parser and the rules of the page, written twice', () => {
  test('agree on every request and on the path of every problem', () => {
    let accepted = 0;
    let refused = 0;
    fc.assert(
      fc.property(changedRequest, (request) => {
        const paths = [...new Set(checkGrokImagineRequest(request, limits).map(({ path }) => path))].toSorted();
        expect(paths).toEqual(broken(request));
        if (paths.length === 0) accepted += 1;
        else refused += 1;
      }),
      runs,
    );
    // A generator of only one kind of request would agree with any parser.
    expect(Math.min(accepted, refused)).toBeGreaterThan(runs.numRuns / 10);
  });

  test('accept a request that obeys the page, keep all of it, and parse the result to itself', () => {
    fc.assert(
      fc.property(validRequest, (request) => {
        const parsed = parseGrokImagineRequest(request, limits);
        const { taskUUID, inputs, safety, ...rest } = request;
        expect(parsed).toMatchObject(rest);
        expect(parsed.clientReference).toBe(taskUUID);
        expect(parsed.inputs?.referenceImages ?? []).toEqual(isRecord(inputs) ? (inputs['referenceImages'] ?? []) : []);
        expect(parsed.safety).toMatchObject(isRecord(safety) ? safety : {});
        expect(parsed.safety.checkContent).toBe(parsed.safety.mode === 'fast');
        expect(parseGrokImagineRequest(parsed, limits)).toEqual(parsed);
        expect(JSON.stringify(parseGrokImagineRequest(JSON.parse(JSON.stringify(parsed)), limits))).toBe(JSON.stringify(parsed));
      }),
      runs,
    );
  });

  test('a refusal repeats no prompt, address or image', () => {
    fc.assert(
      fc.property(
        changedRequest,
        fc.constantFrom('positivePrompt', 'webhookURL', 'negativePrompt', 'outputType', 'inputs'),
        (request, name) => {
          const secret = `${SECRET} in a sentence`;
          try {
            parseGrokImagineRequest({ ...request, [name]: name === 'positivePrompt' ? `${secret}\udc00` : secret }, limits);
          } catch (error) {
            expect(error).toBeInstanceOf(InvalidRequestError);
            expect(JSON.stringify(error) + String(error)).not.toContain(SECRET);
            return;
          }
          expect.unreachable('each of these is refused');
        },
      ),
      runs,
    );
  });
});
