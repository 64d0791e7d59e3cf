import { describeGiven, describeKind } from './models/given.ts';
import type { RequestWebhook } from './notifications/endpoint.ts';
import type { Problem } from './problems.ts';

/** Words of a caller's own for a generation, by which it is listed. They may be personal, and stand in no job, log or key. */
export interface Labels {
  tags?: readonly string[];
  metadata?: Readonly<Record<string, string>>;
  /** Receiver of its notifications. A secret: no view, list or event shows it. */
  webhook?: RequestWebhook;
}

/** Most tags of a generation. */
export const MAX_TAGS = 5;
const MAX_LENGTH = 64;
const MAX_PAIRS = 10;
const MAX_METADATA_BYTES = 1024;

/** Urgencies of a generation among those of its own tenant. */
export const priorities = ['high', 'normal', 'low'] as const;
export type Priority = (typeof priorities)[number];

/** Returns the problem of a priority. */
export const priorityProblems = (path: string, priority: unknown): Problem[] =>
  (priorities as readonly unknown[]).includes(priority)
    ? []
    : [{ path, message: `must be one of ${priorities.join(', ')}`, given: describeGiven(priority) }];

const WORD_RULE = `must be a text of 1 to ${MAX_LENGTH} characters, not all of them blanks, none a control character, in well-formed Unicode`;

/** Checks a tag or a name of metadata. */
const isWord = (text: unknown): text is string => typeof text === 'string' && isText(text) && /^.{1,64}$/su.test(text) && /\S/.test(text);
/** Checks for text that JSON and Redis keep as it is. */
const isText = (text: string): boolean => !/[\p{Surrogate}\p{Cc}]/u.test(text);

/** Returns the problem of a tag. Its own words are not repeated, because they may be personal. */
export const tagProblems = (path: string, tag: unknown): Problem[] => (isWord(tag) ? [] : [problemOf(path, WORD_RULE, tag)]);

/** Returns the problems of the tags of a generation. */
export function tagsProblems(path: string, tags: unknown): Problem[] {
  if (!Array.isArray(tags)) return [problemOf(path, `must be an array of at most ${MAX_TAGS} texts`, tags)];
  if (tags.length > MAX_TAGS) return [{ path, message: `may hold at most ${MAX_TAGS}`, given: `${tags.length}` }];
  return tags.flatMap((tag: unknown, at) =>
    tags.indexOf(tag) < at ? [{ path: `${path}[${at}]`, message: 'is an earlier one of these tags' }] : tagProblems(`${path}[${at}]`, tag),
  );
}

/** Returns the problems of the metadata of a generation, or of a filter by it. */
export function metadataProblems(path: string, metadata: unknown): Problem[] {
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata))
    return [problemOf(path, 'must be an object whose values are texts', metadata)];
  const pairs: [string, unknown][] = Object.entries(metadata);
  if (pairs.length > MAX_PAIRS) return [{ path, message: `may hold at most ${MAX_PAIRS} pairs`, given: `${pairs.length}` }];
  const problems = pairs.flatMap(([name, value], at) => [
    ...(isWord(name) ? [] : [problemOf(`${path} (name ${at + 1})`, WORD_RULE, name)]),
    // many a reader of JSON drops it
    ...(name === '__proto__' ? [{ path: `${path} (name ${at + 1})`, message: 'must not be "__proto__"' }] : []),
    ...(typeof value === 'string' && isText(value)
      ? []
      : [problemOf(`${path} (value ${at + 1})`, 'must be a text without control characters, in well-formed Unicode', value)]),
  ]);
  const bytes = Buffer.byteLength(pairs.flat().join(''));
  return problems.length === 0 && bytes > MAX_METADATA_BYTES
    ? [{ path, message: `may take at most ${MAX_METADATA_BYTES} bytes in UTF-8, names and values together`, given: `${bytes}` }]
    : problems;
}

const problemOf = (path: string, message: string, value: unknown): Problem => ({ path, message, given: describeKind(value) });
