import { intentSchema, resultSchema, StorageError, type Intent, type SubmissionRef, type SubmissionResult } from '@darkroom/contracts';
import type { z } from 'zod';
import type { Bucket } from './bucket.ts';
import { amendmentKey, intentKey, isIntentKey, recordsOfDate, recordsPrefix, resultKey } from './keys.ts';

export type RecordedIntent = { kind: 'recorded' } | { kind: 'existing'; intent: Intent };
export type RecordedResult = { kind: 'recorded' } | { kind: 'existing'; result: SubmissionResult };

/**
 * What S3 remembers of submissions. A record is written once and never changed: whoever comes second is given what is there,
 * so that two workers, or one that was frozen and came back, go on from the same facts.
 *
 * All throw StorageError: storage.unavailable, or storage.corrupt-record for an object that is not the record of its key.
 */
export interface RecordStore {
  recordIntent(intent: Intent): Promise<RecordedIntent>;
  recordResult(result: SubmissionResult): Promise<RecordedResult>;
  /** What came home after the result. */
  recordAmendment(result: SubmissionResult): Promise<RecordedResult>;
  findIntent(ref: SubmissionRef, round: number): Promise<Intent | undefined>;
  findResult(ref: SubmissionRef): Promise<SubmissionResult | undefined>;
  /** All intents of the generations of one day ("2026-11-22", UTC), in the order of their keys. */
  listIntents(date: string): AsyncGenerator<Intent, void, undefined>;
  /** Whether this bucket has ever seen a purchase. */
  hasRecords(): Promise<boolean>;
}

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
    // What could not be read back must not be written: nobody could correct it.
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

  return {
    recordIntent: async (record) => {
      const intent = await recordOnce(intentKey(record, record.round), intentSchema, record);
      return intent === undefined ? { kind: 'recorded' } : { kind: 'existing', intent };
    },
    recordResult: (result) => recordOutcome(resultKey(result), result),
    recordAmendment: (result) => recordOutcome(amendmentKey(result), result),
    findIntent: async (ref, round) => (await find(intentKey(ref, round), intentSchema))?.value,
    findResult: async (ref) => (await find(resultKey(ref), resultSchema))?.value,
    listIntents: async function* (date) {
      let continuationToken: string | undefined;
      do {
        const page = await bucket.list(recordsOfDate(date), continuationToken === undefined ? {} : { continuationToken });
        for (const key of page.keys.filter(isIntentKey)) {
          const found = await find(key, intentSchema);
          if (found !== undefined) yield found.value;
        }
        continuationToken = page.continuationToken;
      } while (continuationToken !== undefined);
    },
    hasRecords: async () => (await bucket.list(recordsPrefix, { maxKeys: 1 })).keys.length > 0,
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
  // A record that was copied to another key would make two submissions out of one.
  if (!key.includes(`/${generationId}/${index}-${n}.`)) throw corrupt(key, `it is the record of ${generationId}/${index}-${n}`);
  return parsed.data;
}

const corrupt = (key: string, why: string, cause?: unknown): StorageError =>
  new StorageError('storage.corrupt-record', `record '${key}' cannot be used: ${why}`, { cause, reached: 'yes', details: { key } });
