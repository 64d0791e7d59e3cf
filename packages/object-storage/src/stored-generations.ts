import { defined, type SubmissionRef } from '@darkroom/contracts';
import type { Bucket } from './bucket.ts';
import { endOfGeneration, parseRecordKey, recordsOfDate, recordsPrefix, requestsPrefix } from './keys.ts';
import { createObjectIndex, type Standing } from './object-index.ts';

/** A generation as the names of its objects tell of it. */
export interface StoredGenerationName {
  generationId: string;
  /** Object in the place of its request. */
  request: Standing | 'none';
  /** One of its intents, if there is any. */
  intent?: SubmissionRef & { round: number };
  /** Time of the last record of an end, else of the newest of its objects, by the clock of S3. */
  writtenAt: number;
}

/** Lists generations by the names of their requests and records. All throw StorageError. */
export interface StoredGenerations {
  /** Lists the days with requests or records ("2026-11-22", UTC), the oldest first. */
  listStoredDates(): Promise<string[]>;
  /** Lists the generations of one day in the order of their ids, from two listings side by side. @param after Omits this id and those before it. */
  listStoredOf(date: string, after?: string): AsyncGenerator<StoredGenerationName, void, undefined>;
}

const DATE = /^\d{4}-\d{2}-\d{2}$/;

export function createStoredGenerations(bucket: Bucket): StoredGenerations {
  const { listRequestsOfDate } = createObjectIndex(bucket);
  async function listDates(prefix: string): Promise<string[]> {
    const dates: string[] = [];
    let continuationToken: string | undefined;
    do {
      const page = await bucket.list(prefix, defined({ delimiter: '/', continuationToken }));
      dates.push(...page.groups.map((group) => group.slice(prefix.length, -1)).filter((group) => DATE.test(group)));
      continuationToken = page.continuationToken;
    } while (continuationToken !== undefined);
    return dates;
  }

  async function* recordsOf(date: string, after?: string): AsyncGenerator<StoredGenerationName, void, undefined> {
    const prefix = recordsOfDate(date);
    let last: StoredGenerationName | undefined;
    let hasEnd = false;
    for await (const { key, writtenAt } of bucket.listAll(prefix, after && endOfGeneration(`${prefix}${after}/`))) {
      const name = parseRecordKey(key);
      if (name === undefined) continue;
      const { generationId, index, n, kind, round } = name;
      if (last?.generationId !== generationId) {
        if (last !== undefined) yield last;
        last = { generationId, request: 'none', writtenAt };
        hasEnd = false;
      }
      if (kind === 'intent') last.intent ??= { generationId, index, n, round };
      // an intent of an earlier version is written anew when it is erased, long after its end
      const isEnd = kind !== 'intent';
      if (isEnd || !hasEnd) last.writtenAt = isEnd && !hasEnd ? writtenAt : Math.max(last.writtenAt, writtenAt);
      hasEnd ||= isEnd;
    }
    if (last !== undefined) yield last;
  }

  return {
    listStoredDates: async () => [...new Set([...(await listDates(requestsPrefix)), ...(await listDates(recordsPrefix))])].toSorted(),
    listStoredOf: async function* (date, after) {
      const [requests, records] = [listRequestsOfDate(date, defined({ after })), recordsOf(date, after)];
      let [request, record] = [await requests.next(), await records.next()];
      while (request.done !== true || record.done !== true) {
        const [own, its] = [request.value?.generationId, record.value?.generationId];
        const generationId = [own, its].filter((id) => id !== undefined).toSorted()[0] ?? '';
        const standing = generationId === own ? request.value : undefined;
        const named = generationId === its ? record.value : undefined;
        yield { generationId, writtenAt: standing?.writtenAt ?? 0, ...named, request: standing?.standing ?? 'none' };
        if (generationId === own) request = await requests.next();
        if (generationId === its) record = await records.next();
      }
    },
  };
}
