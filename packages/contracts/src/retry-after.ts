/**
 * Reads a `Retry-After` header (RFC 9110, section 10.2.3: seconds or an HTTP date) as milliseconds from 0 to the most that the caller accepts;
 * undefined if it is absent or neither.
 * @param now The time at the server that answers or here, in milliseconds since 1970. @param mostMs A wrong clock must not stop the caller.
 */
export function parseRetryAfter(header: string | null | undefined, now: number, mostMs: number): number | undefined {
  if (header === undefined || header === null || header.trim() === '') return undefined;
  const waitMs = /^\s*\d+(\.\d+)?\s*$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(waitMs) ? undefined : Math.round(Math.min(Math.max(waitMs, 0), mostMs));
}
