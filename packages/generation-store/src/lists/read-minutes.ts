import { retryRefusals } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { passByCorrupt } from '../corrupt-entry.ts';
import { MINUTE_KEPT_SECONDS, MINUTE_MS } from '../lua/minutes.ts';

/** Counts of one minute of Redis time. An image that is bought again counts each time. */
export interface MinuteCounts {
  /** Begin of the minute, in milliseconds since 1970. */
  at: number;
  /** Generations that were enqueued, retries among them. */
  generations: number;
  /** Images that were enqueued. */
  enqueued: number;
  /** Refused enqueues and retries, by the code of the error. */
  refused: Readonly<Record<string, number>>;
  /** Purchases that the provider accepted. */
  accepted: number;
  /** Purchases that brought their image home, late ones among them. */
  recorded: number;
  /** Purchases that ended without an image, by code. A late image is counted in `recorded` too. */
  failed: Readonly<Record<string, number>>;
  /** Images by the road on which they came home. */
  roads: Readonly<Record<string, number>>;
}

/** Codes of the errors that the answers of an enqueue or a retry become. */
export const codeOfAnswer: Readonly<Record<string, string>> = {
  cap: 'spend.cap-reached',
  full: 'queue.full',
  conflict: 'request.conflict',
  'request-gone': 'request.conflict',
  gone: 'generation.erased',
  'not-free': 'request.conflict',
  recovering: 'queue.unavailable',
  reading: 'queue.unavailable',
  damaged: 'queue.unavailable',
  'id-too-old': 'request.id-out-of-time',
  'id-ahead': 'request.id-out-of-time',
  'deadline-over': 'request.invalid',
  'run-at-out-of-bounds': 'request.invalid',
  'safety-required': 'request.invalid',
  // each refused image counts
  ...Object.fromEntries(retryRefusals.map((code) => [code, code])),
};

/** Codes by which refused enqueues and retries are counted; `other` for an answer of a later version. */
export const refusalCodes = [...new Set(Object.values(codeOfAnswer)), 'other'];

/** Hashes asked for at once; each has some dozen fields. */
const AT_ONCE = 200;

const countSchema = z.coerce.number().int().catch(0);

/**
 * Reads the counts of the minutes in which something happened, the oldest first. Redis keeps them for 26 hours; earlier minutes are left out.
 * @param from In milliseconds since 1970; the minute that holds it is the first.
 * @param to The minute that holds it is the last.
 */
export async function readMinutes(redis: Redis, prefix: string, from: number, to: number): Promise<MinuteCounts[]> {
  const last = Math.floor(to / MINUTE_MS);
  // a longer stretch holds nothing more
  const first = Math.max(Math.floor(from / MINUTE_MS), last - (2 * MINUTE_KEPT_SECONDS * 1000) / MINUTE_MS);
  const found: MinuteCounts[] = [];
  for (let minute = first; minute <= last; minute += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, last - minute + 1) }, (_, at) => minute + at);
    const hashes = await Promise.all(some.map((each) => redis.hgetall(`${prefix}:minute:${each}`).catch(passByCorrupt)));
    for (const [at, fields = {}] of hashes.entries()) {
      if (Object.keys(fields).length > 0) found.push(countsOf((minute + at) * MINUTE_MS, fields));
    }
  }
  return found;
}

function countsOf(at: number, fields: Readonly<Record<string, string>>): MinuteCounts {
  const count = (name: string): number => countSchema.parse(fields[name] ?? 0);
  const group = (begin: string, nameOf = (rest: string): string => rest): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (const name of Object.keys(fields).filter((each) => each.startsWith(begin))) {
      const key = nameOf(name.slice(begin.length));
      counts[key] = (counts[key] ?? 0) + count(name);
    }
    return counts;
  };
  return {
    at,
    generations: count('generations'),
    enqueued: count('enqueued'),
    // an answer of a later version stays as it is
    refused: group('refused:', (answer) => codeOfAnswer[answer] ?? answer),
    accepted: count('accepted'),
    recorded: count('recorded'),
    failed: group('failed:'),
    roads: group('road:'),
  };
}
