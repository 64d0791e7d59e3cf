import fc from 'fast-check';
import type { z } from 'zod';
import {
  checkCapability,
  checkGrokImagineRequest,
  intentSchema,
  InvalidRequestError,
  mintCapability,
  parseGrokImagineRequest,
  parseStoredGrokImagineRequest,
  parseUsd,
  resultSchema,
  scopeOfAddress,
  taskUuidOf,
  type CapabilityKeys,
} from '../src/index.ts';

/**
 * Properties that hold for any input, each checked over the given number of cases. A violated property throws with the seed that
 * repeats it.
 */
export type Property = (parameters: { numRuns: number; seed?: number }) => void;

const keys: CapabilityKeys = [
  { id: 'spring', secret: '5c1d7a0e2f4b6c8d9e0a1b2c3d4e5f60' },
  { id: 'autumn', secret: 'a9b8c7d6e5f4031221304f5e6d7c8b9a' },
];
const now = 1_770_000_000_000;
const ref = { generationId: '017f22e2-79b0-7cc3-98c4-dc0c0c07398f', index: 3, n: 2 };
const good = mintCapability(keys, ref, now + 3_600_000);

/** Any text of UTF-16, lone surrogates included. */
const anyText = (maxLength: number): fc.Arbitrary<string> =>
  fc.array(fc.oneof(fc.nat(0x7f), fc.nat(0xffff)), { maxLength }).map((codes) => String.fromCharCode(...codes));

/** A text with some of its characters replaced, removed or inserted. */
const mutated = (text: string): fc.Arbitrary<string> =>
  fc
    .array(fc.tuple(fc.nat(text.length), fc.nat(3), anyText(4)), { minLength: 1, maxLength: 4 })
    .map((changes) => changes.reduce((result, [at, cut, put]) => result.slice(0, at) + put + result.slice(at + cut), text));

const names =
  'positivePrompt width height resolution inputs safety ttl outputType numberResults model taskUUID __proto__ constructor toString seed'.split(
    ' ',
  );
const anyRequest = fc.oneof(
  fc.anything({ maxDepth: 1, withBigInt: true, withDate: true, withNullPrototype: true }),
  fc.dictionary(fc.constantFrom(...names), fc.anything({ maxDepth: 1 })),
  fc.dictionary(fc.constantFrom(...names), fc.anything({ maxDepth: 1 }), { noNullPrototype: true }).map((rest) => ({
    ...rest,
    positivePrompt: 'a lighthouse',
  })),
);

/** An IPv4 address of a private network, in any notation that the URL standard reads. */
const privateHost = fc
  .tuple(
    fc.oneof(
      fc.tuple(fc.constant(10), fc.nat(255), fc.nat(255), fc.nat(255)),
      fc.tuple(fc.constant(127), fc.nat(255), fc.nat(255), fc.nat(255)),
      fc.tuple(fc.constant(192), fc.constant(168), fc.nat(255), fc.nat(255)),
      fc.tuple(fc.constant(172), fc.integer({ min: 16, max: 31 }), fc.nat(255), fc.nat(255)),
      fc.tuple(fc.constant(169), fc.constant(254), fc.nat(255), fc.nat(255)),
    ),
    fc.array(fc.constantFrom(10, 8, 16), { minLength: 4, maxLength: 4 }),
    fc.integer({ min: 1, max: 4 }),
    fc.constantFrom('', '.', ':80'),
  )
  .map(([octets, bases, parts, end]) => {
    const write = (value: number, base = 10): string =>
      base === 16 ? `0x${value.toString(16)}` : base === 8 ? `0${value.toString(8)}` : String(value);
    const last = octets.slice(parts - 1).reduce((sum, octet) => sum * 256 + octet, 0);
    return [...octets.slice(0, parts - 1), last].map((value, at) => write(value, bases[at])).join('.') + end;
  });

const common = {
  version: 1,
  ...ref,
  taskUUID: taskUuidOf(ref),
  reservation: { amountNanoUsd: 20_000_000, periods: ['all:day:2026-11-22'] },
};
const stored: { schema: z.ZodType<object>; record: Readonly<Record<string, unknown>> }[] = [
  {
    schema: intentSchema,
    record: {
      ...common,
      round: 0,
      firstSentAt: now,
      tenant: 'acme',
      images: 1,
      createdAt: now,
      deadlineAt: now,
      runAt: now,
      idempotencyKeyHash: 'a',
      clientReference: 'b',
      retryOf: ref.generationId,
      replaces: [0],
      mayPayAgain: true,
      reason: 'd',
      request: { positivePrompt: 'c' },
    },
  },
  {
    schema: resultSchema,
    record: {
      ...common,
      status: 'succeeded',
      settledAt: now,
      road: 'upload',
      seed: 1,
      nsfwContent: false,
      imageUUID: 'd',
      costNanoUsd: 1,
      costSource: 'reported',
      quarantineKey: 'e',
    },
  },
];
/** A whole record with one value changed or removed, or an unknown one added. */
const changedRecord = fc
  .tuple(
    fc.constantFrom(...stored),
    fc.nat(40),
    fc.option(fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom(0, -1, '', '0', 1e21, [], {})), { nil: undefined }),
  )
  .map(([{ schema, record }, at, value]) => ({
    schema,
    record: { ...record, [Object.keys(record)[at] ?? 'stranger']: value } as Record<string, unknown>,
  }));

const isUsd = (value: unknown): boolean => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

/** Runs a function, and returns its error if it is one of the given classes. */
function attempt<Value>(run: () => Value, ...own: (abstract new (...given: never[]) => Error)[]): Value | undefined {
  try {
    return run();
  } catch (error) {
    if (own.some((each) => error instanceof each)) return undefined;
    throw error;
  }
}

export const properties: Record<string, Property> = {
  'a changed capability is refused': (parameters) =>
    fc.assert(
      fc.property(mutated(good), (text) => text === good || checkCapability(keys, text, now).kind === 'refused'),
      parameters,
    ),
  'any other text is no capability': (parameters) =>
    fc.assert(
      fc.property(anyText(60), (text) => checkCapability(keys, text, now).kind === 'refused'),
      parameters,
    ),
  'a request is refused with a path and a message, or accepted and survives JSON': (parameters) =>
    fc.assert(
      fc.property(anyRequest, (input) => {
        const problems = checkGrokImagineRequest(input);
        const parsed = attempt(() => parseGrokImagineRequest(input), InvalidRequestError);
        if ((parsed === undefined) !== problems.length > 0) return false;
        if (parsed !== undefined)
          return JSON.stringify(parseStoredGrokImagineRequest(JSON.parse(JSON.stringify(parsed)))) === JSON.stringify(parsed);
        return problems.every(({ path, message }) => typeof path === 'string' && message.length > 0 && message.length < 1000);
      }),
      parameters,
    ),
  'a reference to a private address is refused in any notation': (parameters) =>
    fc.assert(
      fc.property(privateHost, fc.constantFrom('http', 'https', 'HTTP'), (host, scheme) => {
        const request = { positivePrompt: 'x', inputs: { referenceImages: [`${scheme}://${host}/`] } };
        return checkGrokImagineRequest(request).length > 0;
      }),
      parameters,
    ),
  'any reference is accepted or refused': (parameters) =>
    fc.assert(
      fc.property(
        fc.oneof(mutated('https://images.example/a.png?b=c#d'), mutated('https://me:x@[::ffff:127.0.0.1]:80/a?b#c'), anyText(60)),
        (text) => Array.isArray(checkGrokImagineRequest({ positivePrompt: 'x', inputs: { referenceImages: [text] } })),
      ),
      parameters,
    ),
  'any text is an address of one scope or none': (parameters) =>
    fc.assert(
      fc.property(fc.oneof(fc.ipV6(), fc.ipV4Extended(), mutated('2606:4700::1111')), (text) =>
        ['public', 'private', 'loopback', undefined].includes(scopeOfAddress(text)),
      ),
      parameters,
    ),
  'a stored request is read or refused': (parameters) =>
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), anyRequest), (input) => {
        attempt(() => parseStoredGrokImagineRequest(input), InvalidRequestError);
      }),
      parameters,
    ),
  'a record of S3 is read or refused': (parameters) =>
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(intentSchema, resultSchema), (value, schema) => !schema.safeParse(value).success),
      parameters,
    ),
  'a record of S3 with one changed part is read unaltered, or refused': (parameters) =>
    fc.assert(
      fc.property(changedRecord, ({ schema, record }) => {
        const { data } = schema.safeParse(record);
        if (stored.some((whole) => !whole.schema.safeParse(whole.record).success))
          throw new Error('the test changes a value that was no record before');
        return data === undefined || Object.entries(data).every(([name, value]) => JSON.stringify(value) === JSON.stringify(record[name]));
      }),
      parameters,
    ),
  'an amount is whole and exact, or refused': (parameters) =>
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.double(), fc.double().map(String), mutated('12.50')), (amount) => {
        const nano = attempt(() => parseUsd(amount), RangeError);
        return nano === undefined || isUsd(nano);
      }),
      parameters,
    ),
};
