import { createHash } from 'node:crypto';
import {
  findDimensions,
  formatDimensions,
  InvalidRequestError,
  outlineOfEarlier,
  outputFormats,
  parseStoredRequest,
  type ExpectedImage,
  type RequestOutline,
  type StoredRequest,
} from '@darkroom/contracts';
import { z } from 'zod';
import { json } from '../corrupt-entry.ts';

/**
 * Requests. Everything personal of a generation lies under a key of its own, `generation:<id>:request` (a hash whose field `request` is the
 * request as JSON), which may be erased, and ends with the entry. The entry holds what suffices for everything but a send: `provider`,
 * `model`, `expected` (format and allowed sizes of the image) and `outline` (the request with an empty prompt and without reference images).
 *
 * Entries of earlier versions hold the whole request in the field `request`, or, if it was large, an `outline` without the other fields. They
 * are always of Runware's Grok Imagine Image.
 *
 * The field `requestDigest` tells whether a repeated enqueue is the same: the SHA-256 of the request's text, or `REQUEST_GONE`. A guessed
 * prompt could be confirmed by it, so it goes with the request (`forgetRequest`), here and beside the idempotency key.
 */
export const REQUEST_GONE = 'gone';

/**
 * Removes the request of a generation with its digests, in the entry and beside the idempotency key. The outline stays; an entry of an earlier
 * version, which has the request inside, gets one, if it is known. After the prelude, and after the arguments of `outlineFields`.
 */
export const dropRequest = /* lua */ `
local function dropRequest(key, id, entry)
  redis.call('DEL', key .. ':request')
  if not entry.expected and outline ~= '' then
    redis.call('HSET', key, 'provider', provider, 'model', model, 'expected', expected, 'outline', outline)
  end
  redis.call('HDEL', key, 'request', 'confirmedIn', 'confirmedDigest')
  if entry.requestDigest ~= '${REQUEST_GONE}' then raiseRevision(id) end
  redis.call('HSET', key, 'requestDigest', '${REQUEST_GONE}')
  local idempotencyKey = prefix .. ':idempotency:' .. tenantPart(entry.tenant or '') .. ':' .. (entry.idempotencyDigest or '')
  -- a key of another type names no generation
  if redis.pcall('HGET', idempotencyKey, 'generationId') == id then redis.call('HSET', idempotencyKey, 'requestDigest', '${REQUEST_GONE}') end
end
`;

/** Tells whether Redis has lost the request of an entry, which was not erased. After the prelude. */
export const requestMissing = /* lua */ `
local function isRequestMissing(key, entry)
  return not entry.request and entry.requestDigest ~= '${REQUEST_GONE}' and redis.call('HEXISTS', key .. ':request', 'request') == 0
end
`;

/** Returns the SHA-256 of a text, in hex. */
export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Returns the text of a request and its digest. The text is the same from Redis and from S3. */
export function textOf(request: StoredRequest | undefined): { request: string | undefined; requestDigest: string } {
  if (request === undefined) return { request: undefined, requestDigest: REQUEST_GONE };
  const text = JSON.stringify(request);
  return { request: text, requestDigest: sha256(text) };
}

/** Returns the fields of an outline in the entry. */
export const outlineFields = ({ provider, model, expected, request }: RequestOutline) => ({
  provider,
  model,
  expected: `${expected.outputFormat} ${formatDimensions(expected.dimensions)}`,
  outline: JSON.stringify(request),
});

/** Builds a schema from a function that throws InvalidRequestError. */
const requestSchema = <Value>(parse: (value: unknown) => Value) =>
  json.transform((value, context): Value => {
    try {
      return parse(value);
    } catch (error) {
      const paths = error instanceof InvalidRequestError ? error.problems.map(({ path }) => path) : [];
      context.addIssue({ code: 'custom', message: `is no request of ours (${paths.join(', ')})` });
      return z.NEVER;
    }
  });

/** The request as the enqueue stored it. */
export const storedRequest = requestSchema(parseStoredRequest);
const earlierOutline = requestSchema(outlineOfEarlier);

const expectedImage = z.string().transform((text, context): ExpectedImage => {
  const at = text.indexOf(' ');
  const outputFormat = outputFormats.find((format) => format === text.slice(0, at));
  const dimensions = findDimensions(text.slice(at + 1));
  if (outputFormat !== undefined && dimensions !== undefined) return { outputFormat, dimensions };
  context.addIssue({ code: 'custom', message: 'is no format with sizes' });
  return z.NEVER;
});

const outlineInEntry = z.object({ provider: z.string(), model: z.string(), expected: expectedImage, outline: storedRequest });
const requestInEntry = z.object({ request: earlierOutline });
const largeInEntry = z.object({ outline: earlierOutline });

/** The outline in the fields of an entry, of any version. */
export const entryOutline = z.looseObject({}).transform((fields, context): RequestOutline => {
  const of = (schema: z.ZodType<RequestOutline>): RequestOutline => {
    const parsed = schema.safeParse(fields);
    if (parsed.success) return parsed.data;
    for (const { path, message } of parsed.error.issues) context.addIssue({ code: 'custom', path, message });
    return z.NEVER;
  };
  if (fields['expected'] !== undefined) return of(outlineInEntry.transform(({ outline: request, ...rest }) => ({ ...rest, request })));
  if (fields['request'] !== undefined) return of(requestInEntry.transform(({ request }) => request));
  return of(largeInEntry.transform(({ outline }) => outline));
});
