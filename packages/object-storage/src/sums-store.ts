import { defined, SPEND_SUMS_VERSION, spendSumsSchema, StorageError, type SpendSums } from '@darkroom/contracts';
import { z } from 'zod';
import type { Bucket } from './bucket.ts';
import { parseSpendSumsKey, s3TimeKey, spendSumsKey, spendSumsOfDate, spendSumsPrefix } from './keys.ts';

/** Sums by period in a listing. */
export interface ListedSums {
  key: string;
  /** Redis time of the sums, in milliseconds since 1970. */
  at: number;
  /** Time of their write by the clock of S3, in milliseconds since 1970. */
  writtenAt: number;
}

/** Sums of money by period: one object each, written once and never changed. */
export interface SumsStore {
  /** Writes sums. @param id Unique among all sums. @returns their key. @throws StorageError storage.unavailable */
  recordSums(sums: SpendSums, id: string): Promise<string>;
  /**
   * Lists the sums of the newest eight dates, the newest first, without reading them. @param until Redis time; names of later dates are
   * listed as folders alone.
   */
  listSums(until: number): Promise<{ sums: ListedSums[]; later: string[] }>;
  /** Returns what the clock of S3 says now, in milliseconds since 1970, by an object that is written for it. @param at Redis time. */
  readS3Time(at: number, id: string): Promise<number>;
  /**
   * Reads sums. @throws StorageError storage.unavailable; storage.corrupt-record if they are corrupt or missing, or a later version wrote
   * them.
   */
  readSums(key: string): Promise<SpendSums>;
}

/** Some 400,000 periods: a hundred thousand tenants with two days and two months. */
const MAX_SUMS_BYTES = 64 * 1024 * 1024;
/** Sums of a minute lie under each. Older ones bound so little that everything is read as quickly. */
const LISTED_DATES = 8;
const anyVersion = z.looseObject({ version: z.int() });

export function createSumsStore(bucket: Bucket): SumsStore {
  async function listDates(): Promise<string[]> {
    const dates: string[] = [];
    let continuationToken: string | undefined;
    do {
      const page = await bucket.list(spendSumsPrefix, {
        delimiter: '/',
        ...defined({ continuationToken }),
      });
      dates.push(...page.groups.map((group) => group.slice(spendSumsPrefix.length, -1)));
      continuationToken = page.continuationToken;
    } while (continuationToken !== undefined);
    return dates;
  }

  return {
    async recordSums(sums, id) {
      const key = spendSumsKey(sums.at, id);
      const text = JSON.stringify(spendSumsSchema.parse(sums));
      if (text.length > MAX_SUMS_BYTES) throw corrupt(key, `they have ${text.length} bytes, ${MAX_SUMS_BYTES} are allowed`);
      // An object under this key is this very write: its first send arrived, and the answer was lost.
      await bucket.writeOnce(key, Buffer.from(text), 'application/json');
      return key;
    },
    async listSums(until) {
      const dates = await listDates();
      const last = new Date(until).toISOString().slice(0, 10);
      const sums: ListedSums[] = [];
      for (const date of dates.filter((each) => each <= last).slice(-LISTED_DATES))
        for await (const { key, writtenAt } of bucket.listAll(spendSumsOfDate(date))) {
          const at = parseSpendSumsKey(key);
          if (at !== undefined) sums.push({ key, at, writtenAt });
        }
      return { sums: sums.toReversed(), later: dates.filter((each) => each > last).map(spendSumsOfDate) };
    },
    async readS3Time(at, id) {
      const key = s3TimeKey(at, id);
      await bucket.writeOnce(key, Buffer.from('Darkroom has asked here what the clock of S3 says.\n'), 'text/plain');
      const [written] = (await bucket.list(key, { maxKeys: 1 })).objects;
      if (written?.key === key) return written.writtenAt;
      throw new StorageError('storage.unavailable', `could not find '${key}', which S3 had taken`, { reached: 'yes' });
    },
    async readSums(key) {
      const read = await bucket.read(key, MAX_SUMS_BYTES);
      if (read.kind === 'missing') throw corrupt(key, 'they are gone');
      if (read.kind === 'too-large') throw corrupt(key, `they have ${read.sizeBytes} bytes`);
      let json: unknown;
      try {
        json = JSON.parse(new TextDecoder().decode(read.bytes));
      } catch (error) {
        throw corrupt(key, 'they are not JSON', error);
      }
      const { data: { version } = { version: SPEND_SUMS_VERSION } } = anyVersion.safeParse(json);
      if (version > SPEND_SUMS_VERSION) throw corrupt(key, `a later Darkroom wrote them, in version ${version}`);
      const parsed = spendSumsSchema.safeParse(json);
      if (!parsed.success)
        throw corrupt(key, parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '), parsed.error);
      if (parsed.data.at !== parseSpendSumsKey(key)) throw corrupt(key, `they are those of ${parsed.data.at}`);
      return parsed.data;
    },
  };
}

const corrupt = (key: string, why: string, cause?: unknown): StorageError =>
  new StorageError('storage.corrupt-record', `the sums '${key}' cannot be used: ${why}`, { cause, reached: 'yes', details: { key } });
