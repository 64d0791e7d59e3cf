import {
  extensionOf,
  generationIdTime,
  isApiKeyId,
  isGenerationId,
  outputFormats,
  taskUuidOf,
  type KeptInput,
  type ApiKeyRecord,
  type OutputFormat,
  type RecordName,
  type SettingKind,
  type SettingRecord,
  type SubmissionRef,
} from '@darkroom/contracts';

/**
 * Keys of all objects in the bucket. Every key follows from the id alone, so that the object can be found when nothing else is left;
 * the date is that of the UUIDv7, in UTC.
 */

/** Prefix of all records. */
export const recordsPrefix = 'records/';

/** Returns the prefix of all changes of one kind of setting. */
export const settingsOfKind = (kind: SettingKind): string => `settings/${kind}/`;

/** Returns the prefix of all changes of one setting. */
export const settingsOf = (kind: SettingKind, id: string): string => `${settingsOfKind(kind)}${id}/`;

/** Returns the key of one change of a setting. */
export const settingKey = ({ kind, id, revision }: Pick<SettingRecord, 'kind' | 'id' | 'revision'>): string =>
  `${settingsOf(kind, id)}${revision}.json`;

/** Reads the id and the revision in a key of one kind; undefined for a key that Darkroom does not write. */
export function parseSettingKey(kind: SettingKind, key: string): { id: string; revision: number } | undefined {
  const [, id = '', digits] = /\/([^/]+)\/(\d{1,12})\.json$/.exec(key) ?? [];
  const revision = Number(digits);
  return revision >= 1 && settingKey({ kind, id, revision }) === key ? { id, revision } : undefined;
}

/**
 * Returns the key of an empty object beside the changes of a setting that is deleted for good: a list alone tells that. Versions that do not know
 * it read the last change instead.
 */
export const settingEndKey = ({ kind, id }: Pick<SettingRecord, 'kind' | 'id'>): string => `${settingsOf(kind, id)}deleted`;

/** Reads the id in such a key. */
export function parseSettingEndKey(kind: SettingKind, key: string): string | undefined {
  const [, id = ''] = /\/([^/]+)\/deleted$/.exec(key) ?? [];
  return settingEndKey({ kind, id }) === key ? id : undefined;
}

/** Prefix of the numbers of the stored format. */
export const formatsPrefix = 'settings/format/';

/** Returns the key of an object that says, by its name alone, that a format may be written. The highest number counts. */
export const formatKey = (format: number): string => `${formatsPrefix}${format}.json`;

/** Reads the number in such a key; undefined for a key that Darkroom does not write. */
export function parseFormatKey(key: string): number | undefined {
  const format = Number(/\/([1-9]\d{0,11})\.json$/.exec(key)?.[1]);
  return formatKey(format) === key ? format : undefined;
}

/** Prefix of all changes of the keys of the HTTP API. */
export const apiKeysPrefix = 'settings/keys/';

/** Returns the key of one change of a key of the HTTP API. */
export const apiKeyRecordKey = ({ id, revision }: Pick<ApiKeyRecord, 'id' | 'revision'>): string =>
  `${apiKeysPrefix}${id}/${revision}.json`;

/** Reads the key of a change; undefined for a key that Darkroom does not write. */
export function parseApiKeyRecordKey(key: string): Pick<ApiKeyRecord, 'id' | 'revision'> | undefined {
  const [, id = '', revision] = /^settings\/keys\/(\w{8})\/([1-9]\d{0,11})\.json$/.exec(key) ?? [];
  return isApiKeyId(id) ? { id, revision: Number(revision) } : undefined;
}

/** Prefix of all uploads. */
export const stagingPrefix = 'staging/';

/** Returns the key to which the provider uploads an image; replaceable until the presigned URL expires, so never the image itself. */
export const stagingKey = (ref: SubmissionRef): string => stagingKeyOf(taskUuidOf(ref));
export const stagingKeyOf = (taskUUID: string): string => `${stagingPrefix}${taskUUID}`;

const STAGING_KEY = /^staging\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** Reads the task in the key of an upload; undefined for a key that Darkroom does not write. */
export const parseStagingKey = (key: string): string | undefined => STAGING_KEY.exec(key)?.[1];

/** Returns the prefix of all images of the generations of one day ("2026-11-22"). */
export const imagesOfDate = (date: string): string => `images/${date.replaceAll('-', '/')}/`;

/** Returns the prefix of all images of one generation. */
export const imagesOfGeneration = (generationId: string): string => `${imagesOfDate(dateOf({ generationId }))}${generationId}/`;

/** Returns the final, immutable key of an image; each submission has its own, so that a second paid image does not collide. */
export const imageKey = (ref: SubmissionRef, format: OutputFormat): string =>
  `${imagesOfGeneration(ref.generationId)}${ref.index}-${ref.n}.${extensionOf(format)}`;

const IMAGE_KEY = /^images\/\d{4}\/\d{2}\/\d{2}\/([^/]+)\/(\d{1,2})-(\d+)\.\w+$/;

/** Reads the key of an image; undefined for a key that Darkroom does not write. */
export function parseImageKey(key: string): SubmissionRef | undefined {
  const [, generationId = '', index, n] = IMAGE_KEY.exec(key) ?? [];
  if (!isGenerationId(generationId)) return undefined;
  const ref = { generationId, index: Number(index), n: Number(n) };
  return outputFormats.some((format) => imageKey(ref, format) === key) ? ref : undefined;
}

/** Returns the key for paid bytes that could not be verified. */
export const quarantineKey = (ref: SubmissionRef): string => `quarantine/${taskUuidOf(ref)}`;

/** Prefix of all requests and tombstones. */
export const requestsPrefix = 'requests/';

/** Returns the key of the request of a generation, or of the tombstone in its place. */
export const requestKey = (generationId: string): string => `requests/${dateOf({ generationId })}/${generationId}.json`;

/** Returns the prefix of all requests and tombstones of the generations of one day ("2026-11-22"). */
export const requestsOfDate = (date: string): string => `requests/${date}/`;

const REQUEST_KEY = /^requests\/\d{4}-\d{2}-\d{2}\/([0-9a-f-]{36})\.json$/;

/** Reads the generation in the key of a request; undefined for a key that Darkroom does not write. */
export function parseRequestKey(key: string): string | undefined {
  const generationId = REQUEST_KEY.exec(key)?.[1] ?? '';
  return isGenerationId(generationId) && requestKey(generationId) === key ? generationId : undefined;
}

/** Returns the prefix of all reference images of a tenant, whose name is encoded. */
export const inputsOf = (tenantPart: string): string => `inputs/${tenantPart}/`;

/** Returns the key of a reference image; one of version 0.1.0 belongs to no tenant. */
export const inputKey = ({ tenantPart, sha256 }: KeptInput): string =>
  `${tenantPart === undefined ? 'inputs/' : inputsOf(tenantPart)}${sha256}`;

/** Returns the key of a submission's intent; each round has its own. */
export const intentKey = (ref: SubmissionRef, round: number): string => `${recordStem(ref)}.intent${round === 0 ? '' : `-${round}`}.json`;

export const resultKey = (ref: SubmissionRef): string => `${recordStem(ref)}.result.json`;

/** Returns the key of an image that arrived after the result. */
export const amendmentKey = (ref: SubmissionRef): string => `${recordStem(ref)}.amendment.json`;

/** Returns the key of an operator's decision on a submission with an unknown outcome. */
export const decisionKey = (ref: SubmissionRef): string => `${recordStem(ref)}.decision.json`;

/** Prefix of all markers of late ids. No date begins like this, and it sorts after all dates. */
export const lateIdsPrefix = `${recordsPrefix}late/`;

/** Digits of a time in a key, so that keys sort by time; enough until the year 2286. */
const TIME_DIGITS = 13;

/** Returns the first part of the keys of markers enqueued at a time, in milliseconds since 1970. */
export const lateIdsFrom = (enqueuedAt: number): string => `${lateIdsPrefix}${String(Math.max(0, enqueuedAt)).padStart(TIME_DIGITS, '0')}`;

/** Returns the key of the marker of an id that was old at its enqueue, named by that Redis time. */
export const lateIdKey = (generationId: string, enqueuedAt: number): string => `${lateIdsFrom(enqueuedAt)}-${generationId}.json`;

const LATE_ID_KEY = /^records\/late\/\d{13}-([0-9a-f-]{36})\.json$/;

/** Reads the id in the key of a marker; undefined for a key that Darkroom does not write. */
export function parseLateIdKey(key: string): string | undefined {
  const generationId = LATE_ID_KEY.exec(key)?.[1] ?? '';
  return isGenerationId(generationId) ? generationId : undefined;
}

/** Prefix of all sums by period. No date begins like this. */
export const spendSumsPrefix = `${recordsPrefix}sums/`;

/** Returns the prefix of all sums by period of one day of Redis time. */
export const spendSumsOfDate = (date: string): string => `${spendSumsPrefix}${date}/`;

/** Returns the key of the sums by period at a Redis time. @param id Unique among all sums. */
export const spendSumsKey = (at: number, id: string): string =>
  `${spendSumsOfDate(new Date(at).toISOString().slice(0, 10))}${String(at).padStart(TIME_DIGITS, '0')}-${id}.json`;

/** An object that shows the clock of S3 at a moment of Redis time. */
export const s3TimeKey = (at: number, id: string): string => `${spendSumsKey(at, id).slice(0, -'.json'.length)}.clock`;

const SPEND_SUMS_KEY = /^records\/sums\/\d{4}-\d{2}-\d{2}\/(\d{13})-[\w-]+\.json$/;

/** Reads the time in the key of sums, in milliseconds since 1970; undefined for any other key. */
export function parseSpendSumsKey(key: string): number | undefined {
  const at = SPEND_SUMS_KEY.exec(key)?.[1];
  return at === undefined ? undefined : Number(at);
}

/** Returns the prefix of all records of the generations of one day ("2026-11-22"). */
export const recordsOfDate = (date: string): string => `${recordsPrefix}${date}/`;

/** Returns the prefix of all records of one generation. */
export const recordsOfGeneration = (generationId: string): string => `${recordsOfDate(dateOf({ generationId }))}${generationId}/`;

/** Returns a key after all keys of a generation's folder and before those of the next generation. */
export const endOfGeneration = (folder: string): string => `${folder.slice(0, -1)}0`;

const RECORD_KEY = /^records\/\d{4}-\d{2}-\d{2}\/([^/]+)\/(\d{1,2})-(\d+)\.(intent|result|decision|amendment)(?:-(\d+))?\.json$/;

/** Reads the key of a record; undefined for a key that Darkroom does not write. */
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
