import {
  extensionOf,
  generationIdTime,
  isGenerationId,
  outputFormats,
  taskUuidOf,
  type OutputFormat,
  type RecordName,
  type SettingKind,
  type SettingRecord,
  type SubmissionRef,
} from '@darkroom/contracts';

/**
 * Where everything lies in the bucket. Every key follows from the id alone, so that it can be found again when nothing else
 * is left; the date is that of the UUIDv7, in UTC.
 */

/** All records lie under this prefix. */
export const recordsPrefix = 'records/';

/** All changes of one kind of setting of the store. */
export const settingsOf = (kind: SettingKind): string => `settings/${kind}/store/`;

/** One change of a setting of the store. */
export const settingKey = ({ kind, revision }: Pick<SettingRecord, 'kind' | 'revision'>): string => `${settingsOf(kind)}${revision}.json`;

/** Reads the revision out of a key of one kind; undefined when it is the key of nothing that Darkroom writes. */
export function parseSettingKey(kind: SettingKind, key: string): number | undefined {
  const revision = Number(/\/(\d{1,12})\.json$/.exec(key)?.[1]);
  return revision >= 1 && settingKey({ kind, revision }) === key ? revision : undefined;
}

/** All uploads lie under this prefix. */
export const stagingPrefix = 'staging/';

/** Where the provider uploads an image; replaceable until the presigned URL expires, so never the image itself. */
export const stagingKey = (ref: SubmissionRef): string => stagingKeyOf(taskUuidOf(ref));
export const stagingKeyOf = (taskUUID: string): string => `${stagingPrefix}${taskUUID}`;

const STAGING_KEY = /^staging\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** The task of an upload; undefined for a key that is none of ours. */
export const parseStagingKey = (key: string): string | undefined => STAGING_KEY.exec(key)?.[1];

/** All images of the generations of one day ("2026-11-22"). */
export const imagesOfDate = (date: string): string => `images/${date.replaceAll('-', '/')}/`;

/** All images of one generation. */
export const imagesOfGeneration = (generationId: string): string => `${imagesOfDate(dateOf({ generationId }))}${generationId}/`;

/** The final, immutable key of an image; of each submission another, so that a second paid image has a place of its own. */
export const imageKey = (ref: SubmissionRef, format: OutputFormat): string =>
  `${imagesOfGeneration(ref.generationId)}${ref.index}-${ref.n}.${extensionOf(format)}`;

const IMAGE_KEY = /^images\/\d{4}\/\d{2}\/\d{2}\/([^/]+)\/(\d{1,2})-(\d+)\.\w+$/;

/** Reads the key of an image; undefined when it is the key of nothing that Darkroom writes. */
export function parseImageKey(key: string): SubmissionRef | undefined {
  const [, generationId = '', index, n] = IMAGE_KEY.exec(key) ?? [];
  if (!isGenerationId(generationId)) return undefined;
  const ref = { generationId, index: Number(index), n: Number(n) };
  return outputFormats.some((format) => imageKey(ref, format) === key) ? ref : undefined;
}

/** Bytes that were paid for and could not be verified. */
export const quarantineKey = (ref: SubmissionRef): string => `quarantine/${taskUuidOf(ref)}`;

/** A reference image, by the SHA-256 of its bytes in hex. */
export const inputKey = (sha256: string): string => `inputs/${sha256}`;

/** The intent of a submission, of each round another. */
export const intentKey = (ref: SubmissionRef, round: number): string => `${recordStem(ref)}.intent${round === 0 ? '' : `-${round}`}.json`;

export const resultKey = (ref: SubmissionRef): string => `${recordStem(ref)}.result.json`;

/** What came home after the result. */
export const amendmentKey = (ref: SubmissionRef): string => `${recordStem(ref)}.amendment.json`;

/** How an operator ended a submission whose outcome is unknown. */
export const decisionKey = (ref: SubmissionRef): string => `${recordStem(ref)}.decision.json`;

/** All markers of late ids. No date begins like this, and it sorts behind all of them. */
export const lateIdsPrefix = `${recordsPrefix}late/`;

/** Digits of a time in a key, so that keys sort by time; enough until the year 2286. */
const TIME_DIGITS = 13;

/** Begins the keys of the markers of what was enqueued at a moment, in milliseconds since 1970. */
export const lateIdsFrom = (enqueuedAt: number): string => `${lateIdsPrefix}${String(Math.max(0, enqueuedAt)).padStart(TIME_DIGITS, '0')}`;

/** The marker of an id that was old when it was enqueued, named by that moment in Redis time. */
export const lateIdKey = (generationId: string, enqueuedAt: number): string => `${lateIdsFrom(enqueuedAt)}-${generationId}.json`;

const LATE_ID_KEY = /^records\/late\/\d{13}-([0-9a-f-]{36})\.json$/;

/** Reads the id out of the key of a marker; undefined when it is the key of nothing that Darkroom writes. */
export function parseLateIdKey(key: string): string | undefined {
  const generationId = LATE_ID_KEY.exec(key)?.[1] ?? '';
  return isGenerationId(generationId) ? generationId : undefined;
}

/** All sums by period. No date begins like this. */
export const spendSumsPrefix = `${recordsPrefix}sums/`;

/** All sums by period of one day of Redis time. */
export const spendSumsOfDate = (date: string): string => `${spendSumsPrefix}${date}/`;

/** Sums by period of a moment of Redis time. @param id No other sums have it. */
export const spendSumsKey = (at: number, id: string): string =>
  `${spendSumsOfDate(new Date(at).toISOString().slice(0, 10))}${String(at).padStart(TIME_DIGITS, '0')}-${id}.json`;

const SPEND_SUMS_KEY = /^records\/sums\/\d{4}-\d{2}-\d{2}\/(\d{13})-[\w-]+\.json$/;

/** Reads the moment out of a key of sums, in milliseconds since 1970; undefined when it is the key of none. */
export function parseSpendSumsKey(key: string): number | undefined {
  const at = SPEND_SUMS_KEY.exec(key)?.[1];
  return at === undefined ? undefined : Number(at);
}

/** All records of the generations of one day ("2026-11-22"). */
export const recordsOfDate = (date: string): string => `${recordsPrefix}${date}/`;

/** All records of one generation. */
export const recordsOfGeneration = (generationId: string): string => `${recordsOfDate(dateOf({ generationId }))}${generationId}/`;

/** The last key that a generation may have in a folder of its own; all keys of the next generation come behind it. */
export const endOfGeneration = (folder: string): string => `${folder.slice(0, -1)}0`;

const RECORD_KEY = /^records\/\d{4}-\d{2}-\d{2}\/([^/]+)\/(\d{1,2})-(\d+)\.(intent|result|decision|amendment)(?:-(\d+))?\.json$/;

/** Reads the key of a record; undefined when it is the key of nothing that Darkroom writes. */
export function parseRecordKey(key: string): RecordName | undefined {
  const [, generationId = '', index, n, kind, round = '0'] = RECORD_KEY.exec(key) ?? [];
  if (!isGenerationId(generationId)) return undefined;
  // the pattern allows no other kind
  const name = { generationId, index: Number(index), n: Number(n), kind: kind as RecordName['kind'], round: Number(round) };
  return keyOfRecord(name) === key ? name : undefined;
}

function keyOfRecord(name: RecordName): string {
  switch (name.kind) {
    case 'intent':
      return intentKey(name, name.round);
    case 'result':
      return resultKey(name);
    case 'decision':
      return decisionKey(name);
    case 'amendment':
      return amendmentKey(name);
    default:
      return name.kind satisfies never;
  }
}

const recordStem = (ref: SubmissionRef): string => `${recordsOfGeneration(ref.generationId)}${ref.index}-${ref.n}`;

const dateOf = ({ generationId }: Pick<SubmissionRef, 'generationId'>): string =>
  new Date(generationIdTime(generationId)).toISOString().slice(0, 10);
