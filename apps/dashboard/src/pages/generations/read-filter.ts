import {
  defined,
  GENERATION_ID_AHEAD_MS,
  GENERATION_ID_MAX_AGE_MS,
  generationStatuses,
  isGenerationId,
  type GenerationStatus,
} from '@darkroom/contracts';
import type { ListOptions } from '@darkroom/producer';

/** Names of the filters in the address of the page; the address is the filter. */
const filterNames = ['id', 'status', 'tenant', 'tag', 'code', 'from', 'to'] as const;

export interface Filter {
  /** A whole id, or its first eight hexadecimal digits or more. */
  readonly id: string;
  readonly status: readonly GenerationStatus[];
  readonly tenant: string;
  readonly tag: string;
  readonly code: string;
  /** Enqueued since and before: times as a browser writes them, in UTC. */
  readonly from: string;
  readonly to: string;
  readonly view: 'table' | 'pictures';
  readonly cursor: string;
}

const MAX_TEXT = 200;
/** Reads the first of the texts of a name. */
const first = (value: unknown): string => {
  const [text]: unknown[] = [value].flat();
  return typeof text === 'string' ? text.trim().slice(0, MAX_TEXT) : '';
};

/** Reads the query of an address. What it does not know is left out. */
export function readFilter(query: Readonly<Record<string, unknown>>): Filter {
  const statuses = [query['status']].flat().map(String);
  return {
    id: first(query['id']).toLowerCase(),
    status: generationStatuses.filter((status) => statuses.includes(status)),
    tenant: first(query['tenant']),
    tag: first(query['tag']),
    code: first(query['code']),
    from: first(query['from']),
    to: first(query['to']),
    view: first(query['view']) === 'pictures' ? 'pictures' : 'table',
    cursor: first(query['cursor']),
  };
}

/** Writes a filter as the query of an address. */
export function writeFilter({ status, view, ...texts }: Filter, changed: Partial<Filter> = {}): string {
  const all: Partial<Filter> = { ...texts, status, view, ...changed };
  const query = new URLSearchParams();
  for (const name of [...filterNames, 'cursor'] as const)
    for (const value of [all[name] ?? ''].flat()) if (value !== '') query.append(name, value);
  if (all.view === 'pictures') query.set('view', 'pictures');
  return query.toString();
}

/** Reads a filter from the query of an address, as text. */
export const filterOf = (text: string): Filter => {
  const query = new URLSearchParams(text);
  return readFilter(Object.fromEntries([...new Set(query.keys())].map((name) => [name, query.getAll(name)])));
};

/** Returns true if a filter chooses some by more than their id, so that an act on all of them means them. */
export const isNarrowed = ({ id, status, tenant, tag, code, from, to }: Filter): boolean =>
  id === '' && (status.length > 0 || [tenant, tag, code, from, to].some((text) => text !== ''));

/** Returns the first digits of an id, without dashes; undefined for a whole id and for anything else. */
export function idPrefixOf({ id }: Filter): string | undefined {
  const digits = id.replaceAll('-', '');
  return isGenerationId(id) || !/^[0-9a-f]{8,31}$/.test(digits) ? undefined : digits;
}

/** Digits of an id that are its time. */
const TIME_DIGITS = 12;

/** Returns the stretch in which ids with these first digits may have been enqueued: a caller may mint one long before, and a little ahead of Redis. */
export function stretchOf(digits: string): { from: number; before: number } {
  const time = digits.slice(0, TIME_DIGITS);
  const at = (filling: string): number => Number.parseInt(time.padEnd(TIME_DIGITS, filling), 16);
  return { from: Math.max(0, at('0') - GENERATION_ID_AHEAD_MS), before: at('f') + GENERATION_ID_MAX_AGE_MS + 1 };
}

/** Returns the options of the list that the filter describes. The library checks them. */
export function listOptionsOf(filter: Filter): ListOptions {
  const { status, tenant, tag, code, from, to, cursor } = filter;
  const time = (text: string): number | undefined =>
    text === '' ? undefined : Date.parse(/Z$|[+-]\d\d:\d\d$/.test(text) ? text : `${text}Z`);
  return defined({
    status: status.length === 0 ? undefined : status,
    tenant: tenant === '' ? undefined : tenant,
    tag: tag === '' ? undefined : tag,
    code: code === '' ? undefined : code,
    createdFrom: time(from),
    createdBefore: time(to),
    cursor: cursor === '' ? undefined : cursor,
  });
}
