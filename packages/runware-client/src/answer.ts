import { z } from 'zod';

/**
 * One entry of an answer or of a delivery, in any of the known shapes. Every field is optional and read by itself: an entry with one field
 * of a wrong type still yields its other fields.
 */
export interface AnswerEntry {
  /** True if the entry reports a failure: listed under `errors`, with status "error", or with an error in it. */
  isError: boolean;
  taskUUID?: string | undefined;
  taskType?: string | undefined;
  status?: string | undefined;
  imageUUID?: string | undefined;
  imageURL?: string | undefined;
  seed?: number | undefined;
  cost?: number | string | undefined;
  NSFWContent?: boolean | undefined;
  code?: string | undefined;
  message?: string | undefined;
  parameter?: string | undefined;
  /** The entry as received. */
  raw: unknown;
}

/**
 * Reads the entries of an answer or a delivery; undefined if it has none of the known shapes. Sources disagree on the shape, so all are
 * read: `{data: […]}` and `{errors: […]}` alone or together (Runware docs, platform/errors), a singular `error` (older docs and SDKs), a
 * flat task object (the newest description of webhooks), arrays of these, and failures inside `data` with a nested `error` or with a flat
 * `code` (official SDKs). Never throws.
 */
export function readAnswer(body: unknown): AnswerEntry[] | undefined {
  if (Array.isArray(body)) {
    const parts = body.slice(0, MAX_ENTRIES).map(readEnvelope);
    return parts.some((part) => part === undefined) ? undefined : parts.flatMap((part) => part ?? []);
  }
  return readEnvelope(body);
}

/** More results than one request can ask for (20), with room for an error each; further entries of a flood are ignored. */
const MAX_ENTRIES = 100;

const text = z.string().optional().catch(undefined);
const label = z
  .union([z.string(), z.number().transform(String)])
  .optional()
  .catch(undefined);
const entrySchema = z.object({
  taskUUID: text,
  taskType: text,
  status: text,
  imageUUID: text,
  imageURL: text,
  seed: z.number().optional().catch(undefined),
  cost: z.union([z.number(), z.string()]).optional().catch(undefined),
  NSFWContent: z.boolean().optional().catch(undefined),
  code: label,
  message: text,
  parameter: z
    .union([z.string(), z.array(z.string()).transform((names) => names.join(', '))])
    .optional()
    .catch(undefined),
});
const envelopeSchema = z.object({ data: z.unknown(), errors: z.unknown(), error: z.unknown() }).partial();

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);
const isCarriedError = (value: unknown): boolean => isObject(value) || (typeof value === 'string' && value !== '');
const isNonEmpty = (value: string | undefined): boolean => value !== undefined && value !== '';
const listOf = (value: unknown): unknown[] =>
  Array.isArray(value) ? value.slice(0, MAX_ENTRIES) : value === undefined || value === null ? [] : [value];

function readEnvelope(body: unknown): AnswerEntry[] | undefined {
  if (!isObject(body)) return undefined;
  const envelope = envelopeSchema.parse(body);
  if (!('data' in body) && !('errors' in body)) return [readEntry(body, false)];
  // Beside a singular `error` the task's id stands outside it, as in `{error: {…}, taskUUID}`.
  const errors = [...listOf(envelope.errors), ...(isCarriedError(envelope.error) ? [{ ...body, data: undefined, errors: undefined }] : [])];
  return [...listOf(envelope.data).map((entry) => readEntry(entry, false)), ...errors.map((entry) => readEntry(entry, true))];
}

function readEntry(value: unknown, listedAsError: boolean): AnswerEntry {
  if (typeof value === 'string' && listedAsError) return { isError: true, message: value, raw: value };
  const outer = entrySchema.safeParse(value).data;
  if (outer === undefined) return { isError: listedAsError, raw: value };
  const carried = envelopeSchema.parse(value).error;
  const inner = entrySchema.safeParse(carried).data;
  const namesImage = isNonEmpty(outer.imageUUID) || isNonEmpty(outer.imageURL);
  const isError =
    listedAsError || outer.status?.toLowerCase() === 'error' || (!namesImage && (isCarriedError(carried) || isNonEmpty(outer.code)));
  return {
    ...outer,
    isError,
    code: inner?.code ?? outer.code,
    message: inner?.message ?? (typeof carried === 'string' ? carried : outer.message),
    parameter: inner?.parameter ?? outer.parameter,
    taskUUID: outer.taskUUID ?? inner?.taskUUID,
    taskType: outer.taskType ?? inner?.taskType,
    status: outer.status ?? inner?.status,
    raw: value,
  };
}

/** Returns true if an entry is about this task. Ids are compared without case: a UUID is a number, not a text. */
export const isAbout = (entry: AnswerEntry, taskUUID: string): boolean => entry.taskUUID?.toLowerCase() === taskUUID.toLowerCase();

/** Returns true if an entry names an image. An image without a status is a success (webhooks and sync answers omit the status). */
export const hasImage = (entry: AnswerEntry): boolean => !entry.isError && (isNonEmpty(entry.imageUUID) || isNonEmpty(entry.imageURL));
