import { ApiError } from '../answers/api-error.ts';

/** Longest wait of a request, in seconds. */
const MAX_WAIT_SECONDS = 60;

/**
 * Reads `Idempotency-Key`: a text in quotes (IETF draft, a string of RFC 8941) or bare.
 * @throws ApiError for quotes that do not end.
 */
export function readIdempotencyKey(given: string | undefined): string | undefined {
  const header = given === undefined ? undefined : decodeUtf8(given);
  if (header === undefined || !header.startsWith('"')) return header;
  if (/^"(?:[^"\\]|\\["\\])*"$/.test(header)) return header.slice(1, -1).replaceAll(/\\(["\\])/g, '$1');
  throw new ApiError('api.malformed', 'the header Idempotency-Key must be a text, bare or in double quotes that end');
}

/** Node reads headers as Latin-1. A text that is UTF-8 is taken as that: the same key stands in a query or in the library. */
function decodeUtf8(header: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(header, 'latin1'));
  } catch {
    return header;
  }
}

/** Reads the seconds of `Prefer: wait=<seconds>` (RFC 7240). A preference that is not understood is ignored. */
export function readWait(header: string | undefined): number | undefined {
  const [, seconds] = /(?:^|[,;])\s*wait\s*=\s*"?(\d{1,6})"?\s*(?:$|[,;])/i.exec(header ?? '') ?? [];
  return seconds === undefined ? undefined : Math.min(Number(seconds), MAX_WAIT_SECONDS);
}

/** Returns true if a caller would rather have JSON than an image. */
export const prefersJson = (accept: string | undefined): boolean => /application\/(?:[\w.+-]+\+)?json/i.test(accept ?? '');
