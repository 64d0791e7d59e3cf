import {
  defined,
  intentSchema,
  isGenerationId,
  resultSchema,
  StorageError,
  type Intent,
  type ListedRecord,
  type SubmissionRef,
  type SubmissionResult,
} from '@darkroom/contracts';
import { z } from 'zod';
import type { Bucket } from './bucket.ts';
import { writeCheckKey } from './check-writes.ts';
import {
  amendmentKey,
  decisionKey,
  endOfGeneration,
  intentKey,
  lateIdKey,
  lateIdsFrom,
  lateIdsPrefix,
  parseLateIdKey,
  parseRecordKey,
  recordsOfDate,
  recordsOfGeneration,
  recordsPrefix,
  resultKey,
  spendSumsPrefix,
} from './keys.ts';

export type RecordedIntent = { kind: 'recorded' } | { kind: 'existing'; intent: Intent };
export type RecordedResult = { kind: 'recorded' } | { kind: 'existing'; result: SubmissionResult };

/**
 * Records of submissions in S3. A record is written once and never changed: a second writer gets the existing record, so that two
 * workers, or one that was frozen and came back, continue from the same facts.
 *
 * All throw StorageError: storage.unavailable, or storage.corrupt-record for an object that is not the record of its key.
 */
export interface RecordStore {
  recordIntent(intent: Intent): Promise<RecordedIntent>;
  /** Marks a generation whose id was old at its enqueue, because its id does not sort among the generations enqueued then. */
  recordLateId(late: Pick<Intent, 'generationId' | 'createdAt'>): Promise<void>;
  recordResult(result: SubmissionResult): Promise<RecordedResult>;
  /** Records an image that arrived after the result. */
  recordAmendment(result: SubmissionResult): Promise<RecordedResult>;
  /** Records how an operator ended it, after a result with status "unknown". */
  recordDecision(result: SubmissionResult): Promise<RecordedResult>;
  findIntent(ref: SubmissionRef, round: number): Promise<Intent | undefined>;
  findResult(ref: SubmissionRef): Promise<SubmissionResult | undefined>;
  findAmendment(ref: SubmissionRef): Promise<SubmissionResult | undefined>;
  findDecision(ref: SubmissionRef): Promise<SubmissionResult | undefined>;
  /**
   * Reads what a damaged intent, or one of a later version, still tells of its caller. @returns undefined if that is nothing.
   * @throws StorageError storage.unavailable
   */
  salvageIntent(ref: SubmissionRef, round: number): Promise<SalvagedIntent | undefined>;
  /** Lists the days with records ("2026-11-22", UTC), the oldest first. The day of a record is that of its generation's id. */
  listRecordDates(): Promise<string[]>;
  /** Lists the records of the generations of one day, generation by generation, without reading them. */
  listRecordsOfDate(date: string, options?: ListingOptions): AsyncGenerator<ListedRecord, void, undefined>;
  /**
   * Lists the records of the generations of one day whose ids sort from `from` on and before `to`, generation by generation, without
   * reading them. Both may be the first part of an id. @param onForeign Called with each key between them that is no record.
   */
  listRecordsBetween(
    date: string,
    from: string,
    to: string,
    onForeign?: (key: string) => void,
  ): AsyncGenerator<ListedRecord, void, undefined>;
  /** Lists the generations whose late ids were enqueued since a Redis time. @param onForeign Called with each key that is no marker. */
  listLateIds(since: number, onForeign?: (key: string) => void): AsyncGenerator<string, void, undefined>;
  /** Lists the records of one generation, without reading them. */
  listRecordsOf(generationId: string): Promise<ListedRecord[]>;
  /** Returns true if a worker has ever recorded a purchase in this bucket. */
  hasRecords(): Promise<boolean>;
}

/** Fields of an intent that may be right although others are not. */
const salvagedIntentSchema = z.looseObject({
  tenant: z.string().min(1).max(128),
  idempotencyKeyHash: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  reservation: z
    .looseObject({ amountNanoUsd: z.int().min(0) })
    .optional()
    .catch(undefined),
  retryOf: z.string().refine(isGenerationId).optional().catch(undefined),
  replaces: z.array(z.int().min(0).max(19)).optional().catch(undefined),
  createdAt: z.int().min(0).optional().catch(undefined),
});
export interface SalvagedIntent {
  tenant: string;
  idempotencyKeyHash?: string;
  amountNanoUsd?: number;
  retryOf?: string;
  replaces?: number[];
  createdAt?: number;
}

/** Options for listing the objects of many generations. */
export interface ListingOptions {
  /** A generation id; omits it and those before it. */
  after?: string;
  /** Called with each key that Darkroom does not write. */
  onForeign?: (key: string) => void;
}

/** Folders beside those of the dates. */
const beside: ReadonlySet<string> = new Set([lateIdsPrefix, spendSumsPrefix]);

/** A request has at most 256 KB of inline images; a record is little more. */
const MAX_RECORD_BYTES = 4 * 1024 * 1024;

type RecordSchema<Value> = z.ZodType<Value>;

export function createRecordStore(bucket: Bucket): RecordStore {
  async function find<Value extends SubmissionRef>(
    key: string,
    schema: RecordSchema<Value>,
  ): Promise<{ value: Value; text: string } | undefined> {
    const read = await bucket.read(key, MAX_RECORD_BYTES);
    if (read.kind === 'missing') return undefined;
    if (read.kind === 'too-large') throw corrupt(key, `it has ${read.sizeBytes} bytes, ${MAX_RECORD_BYTES} are allowed`);
    const text = new TextDecoder().decode(read.bytes);
    return { value: parseRecord(key, text, schema), text };
  }

  async function recordOnce<Value extends SubmissionRef>(
    key: string,
    schema: RecordSchema<Value>,
    record: Value,
  ): Promise<Value | undefined> {
    // A record that cannot be read back must not be written: it could never be corrected.
    const text = JSON.stringify(parseRecord(key, JSON.stringify(record), schema));
    const written = await bucket.writeOnce(key, Buffer.from(text), 'application/json');
    if (written.kind === 'written') return undefined;
    const existing = await find(key, schema);
    if (existing === undefined)
      throw new StorageError('storage.unavailable', `could not read '${key}', which S3 had refused to write again`, { reached: 'yes' });
    // The first send of this very write arrived and its answer was lost.
    return written.byRetry && existing.text === text ? undefined : existing.value;
  }

  const recordOutcome = async (key: string, record: SubmissionResult): Promise<RecordedResult> => {
    const result = await recordOnce(key, resultSchema, record);
    return result === undefined ? { kind: 'recorded' } : { kind: 'existing', result };
  };

  async function* listRecords(prefix: string, { after, onForeign }: ListingOptions = {}): AsyncGenerator<ListedRecord, void, undefined> {
    const startAfter = after === undefined ? undefined : endOfGeneration(`${prefix}${after}/`);
    for await (const { key, writtenAt } of bucket.listAll(prefix, startAfter)) {
      const name = parseRecordKey(key);
      if (name !== undefined) yield { ...name, writtenAt };
      else onForeign?.(key);
    }
  }

  return {
    recordIntent: async (record) => {
      const intent = await recordOnce(intentKey(record, record.round), intentSchema, record);
      return intent === undefined ? { kind: 'recorded' } : { kind: 'existing', intent };
    },
    recordLateId: async ({ generationId, createdAt }) => {
      const marker = JSON.stringify({ version: 1, generationId, createdAt });
      await bucket.writeOnce(lateIdKey(generationId, createdAt), Buffer.from(marker), 'application/json');
    },
    recordResult: (result) => recordOutcome(resultKey(result), result),
    recordAmendment: (result) => recordOutcome(amendmentKey(result), result),
    recordDecision: (result) => recordOutcome(decisionKey(result), result),
    findIntent: async (ref, round) => (await find(intentKey(ref, round), intentSchema))?.value,
    findResult: async (ref) => (await find(resultKey(ref), resultSchema))?.value,
    findAmendment: async (ref) => (await find(amendmentKey(ref), resultSchema))?.value,
    findDecision: async (ref) => (await find(decisionKey(ref), resultSchema))?.value,
    async salvageIntent(ref, round) {
      const read = await bucket.read(intentKey(ref, round), MAX_RECORD_BYTES);
      if (read.kind === 'missing' || read.kind === 'too-large') return undefined;
      const { data } = salvagedIntentSchema.safeParse(tryJson(new TextDecoder().decode(read.bytes)));
      if (data === undefined) return undefined;
      const { tenant, idempotencyKeyHash, reservation, retryOf, replaces, createdAt } = data;
      return defined({ tenant, idempotencyKeyHash, amountNanoUsd: reservation?.amountNanoUsd, retryOf, replaces, createdAt });
    },
    listRecordDates: async () => {
      const dates: string[] = [];
      let continuationToken: string | undefined;
      do {
        const page = await bucket.list(recordsPrefix, defined({ delimiter: '/', continuationToken }));
        dates.push(...page.groups.filter((group) => !beside.has(group)).map((group) => group.slice(recordsPrefix.length, -1)));
        continuationToken = page.continuationToken;
      } while (continuationToken !== undefined);
      return dates;
    },
    listRecordsOfDate: (date, options) => listRecords(recordsOfDate(date), options),
    listRecordsBetween: async function* (date, from, to, onForeign = () => undefined) {
      const prefix = recordsOfDate(date);
      for await (const { key, writtenAt } of bucket.listAll(prefix, prefix + from)) {
        if (key >= prefix + to) return;
        const name = parseRecordKey(key);
        if (name === undefined) onForeign(key);
        else yield { ...name, writtenAt };
      }
    },
    listLateIds: async function* (since, onForeign = () => undefined) {
      for await (const { key } of bucket.listAll(lateIdsPrefix, lateIdsFrom(since))) {
        const generationId = parseLateIdKey(key);
        if (generationId === undefined) onForeign(key);
        else yield generationId;
      }
    },
    listRecordsOf: async (generationId) => {
      const records: ListedRecord[] = [];
      for await (const record of listRecords(recordsOfGeneration(generationId))) records.push(record);
      return records;
    },
    // In the order of keys a record comes before the check object.
    hasRecords: async () => (await bucket.list(recordsPrefix, { maxKeys: 1 })).objects.some(({ key }) => key !== writeCheckKey('records')),
  };
}

function parseRecord<Value extends SubmissionRef>(key: string, text: string, schema: RecordSchema<Value>): Value {
  let parsed: z.ZodSafeParseResult<Value>;
  try {
    parsed = schema.safeParse(JSON.parse(text));
  } catch (error) {
    throw corrupt(key, 'it is not JSON', error);
  }
  if (!parsed.success)
    throw corrupt(key, parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '), parsed.error);
  const { generationId, index, n } = parsed.data;
  // A record copied to another key would make two submissions out of one.
  if (!key.includes(`/${generationId}/${index}-${n}.`)) throw corrupt(key, `it is the record of ${generationId}/${index}-${n}`);
  return parsed.data;
}

const corrupt = (key: string, why: string, cause?: unknown): StorageError =>
  new StorageError('storage.corrupt-record', `record '${key}' is corrupt: ${why}`, { cause, reached: 'yes', details: { key } });

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
