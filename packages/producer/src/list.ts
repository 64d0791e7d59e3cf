import {
  defined,
  describeGiven,
  generationStatuses,
  isGenerationId,
  metadataProblems,
  tagProblems,
  type GenerationStatus,
  type GenerationSummary,
  type Problem,
} from '@darkroom/contracts';
import type { GenerationStore, ListPlace } from '@darkroom/generation-store';
import { isMoment, millisecondsOf } from './moments.ts';

/** Filters and page of `list`. Filters are joined: a generation must pass all of them. Times are Redis time. */
export interface ListOptions {
  /** One status, or several. Defaults to all. */
  status?: GenerationStatus | readonly GenerationStatus[];
  /** Code of an image that did not succeed, such as "provider.refused" (docs/errors.md). */
  code?: string;
  /** One of its tags, byte for byte. */
  tag?: string;
  /** Pairs that its metadata holds, beside others. Looks at no more than 1,000 generations a call, so pages may be short. */
  metadata?: Readonly<Record<string, string>>;
  /** Enqueued at this time or later: a Date or milliseconds since 1970. */
  createdFrom?: Date | number;
  /** Enqueued before this time. */
  createdBefore?: Date | number;
  /** Final at this time or later. With this filter or the next one the list is in the order of the ends. */
  finishedFrom?: Date | number;
  /** Final before this time. */
  finishedBefore?: Date | number;
  /** Lists the generations of this tenant. Defaults to the producer's own tenant, or to all if it has none. */
  tenant?: string;
  /** Most generations of a page, 1 to 1,000. Defaults to 100. */
  limit?: number;
  /** `nextCursor` of the page before, with the same filters. */
  cursor?: string;
}

/** A page of generations, the newest first. */
export interface GenerationPage {
  generations: GenerationSummary[];
  /** Leads to the next page; absent after the last one. A page may hold fewer than `limit`, even none, and have a next one. */
  nextCursor?: string;
}

/** Names of the options of `list`. */
export const listOptions = [
  'status',
  'code',
  'tag',
  'metadata',
  'createdFrom',
  'createdBefore',
  'finishedFrom',
  'finishedBefore',
  'tenant',
  'limit',
  'cursor',
] as const satisfies readonly (keyof ListOptions)[];

const times = ['createdFrom', 'createdBefore', 'finishedFrom', 'finishedBefore'] as const;
const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;

/** Returns the problems of the options of a list, apart from their names. */
export function listProblems(options: ListOptions): Problem[] {
  const { status, code, tag, metadata, limit = DEFAULT_LIMIT, cursor } = options;
  const problems: Problem[] = [];
  const known: readonly unknown[] = generationStatuses;
  if (Array.isArray(status) && status.length === 0)
    problems.push({ path: 'options.status', message: 'must name a status, or be left out for all', given: 'an array of 0 items' });
  for (const each of Array.isArray(status) ? (status as unknown[]) : status === undefined ? [] : [status])
    if (!known.includes(each))
      problems.push({
        path: 'options.status',
        message: `must be one or more of ${generationStatuses.join(', ')}`,
        given: describeGiven(each),
      });
  if (code !== undefined && !(typeof code === 'string' && /^[a-z][a-z0-9.-]{0,63}$/.test(code)))
    problems.push({
      path: 'options.code',
      message: 'must be the code of an error, such as "provider.refused"',
      given: describeGiven(code),
    });
  if (tag !== undefined) problems.push(...tagProblems('options.tag', tag));
  if (metadata !== undefined) problems.push(...metadataProblems('options.metadata', metadata));
  for (const name of times) {
    const time = options[name];
    if (time !== undefined && !isMoment(time))
      problems.push({ path: `options.${name}`, message: 'must be a Date, or whole milliseconds since 1970', given: describeGiven(time) });
  }
  if (!(Number.isSafeInteger(limit) && limit >= 1 && limit <= MAX_LIMIT))
    problems.push({ path: 'options.limit', message: `must be a whole number from 1 to ${MAX_LIMIT}`, given: describeGiven(limit) });
  if (cursor !== undefined && readCursor(cursor, isByEnd(options)) === undefined)
    problems.push({
      path: 'options.cursor',
      message: 'must be the nextCursor of a page with the same filters',
      given: describeGiven(cursor),
    });
  return problems;
}

/** Lists a page. @param tenant Lists the generations of this tenant alone. */
export async function listPage(store: Pick<GenerationStore, 'list'>, options: ListOptions, tenant?: string): Promise<GenerationPage> {
  const { status, code, tag, metadata, limit = DEFAULT_LIMIT, cursor } = options;
  const byEnd = isByEnd(options);
  const moments = Object.fromEntries(times.map((name) => [name, options[name] && millisecondsOf(options[name])]));
  const statuses = status && [...new Set([status].flat())];
  const { generations, next } = await store.list(
    defined({ ...moments, statuses, code, tag, metadata, tenant }),
    limit,
    readCursor(cursor, byEnd),
  );
  return { generations, ...defined({ nextCursor: next && writeCursor(next, byEnd) }) };
}

const isByEnd = ({ finishedFrom, finishedBefore }: ListOptions): boolean => finishedFrom !== undefined || finishedBefore !== undefined;

/** The order, the time in base 36, and the id. */
const writeCursor = ({ score, generationId }: ListPlace, byEnd: boolean): string =>
  `${byEnd ? 'f' : 'c'}${Math.floor(score).toString(36)}_${generationId}`;

function readCursor(cursor: unknown, byEnd: boolean): ListPlace | undefined {
  const [, order, score = '', generationId = ''] = (typeof cursor === 'string' && /^([cf])([0-9a-z]{1,11})_(.{36})$/.exec(cursor)) || [];
  if (order !== (byEnd ? 'f' : 'c') || !isGenerationId(generationId)) return undefined;
  return { score: Number.parseInt(score, 36), generationId };
}
