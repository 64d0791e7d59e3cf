/** Longest wait that the provider may ask for: the queue has its own pace, and a wrong clock at the provider must not stop us. */
const MAX_RETRY_AFTER_MS = 60_000;

/**
 * Reads a `Retry-After` header (RFC 9110, section 10.2.3: seconds or an HTTP date) as milliseconds from 0 to 60,000; undefined if it is
 * absent or neither. Runware documents none; it is honoured if it comes.
 * @param now Milliseconds since 1970.
 */
export function parseRetryAfter(header: string | null, now: number): number | undefined {
  if (header === null || header.trim() === '') return undefined;
  const waitMs = /^\s*\d+(\.\d+)?\s*$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(waitMs) ? undefined : Math.round(Math.min(Math.max(waitMs, 0), MAX_RETRY_AFTER_MS));
}
