import {
  CorruptRecordError,
  GenerationError,
  hasCode,
  InvalidRequestError,
  isGenerationId,
  type GenerationSummary,
} from '@darkroom/contracts';
import type { GenerationStore } from '@darkroom/generation-store';
import type { Producer } from '@darkroom/producer';
import { eachOf } from '@darkroom/producer/shared';
import { idPrefixOf, listOptionsOf, stretchOf, type Filter } from './read-filter.ts';

/** Generations of a page. */
const PAGE = 50;
/** Looks of a search by the first digits of an id, each at some thousand ids: a quarter of a second at most. */
const MOST_LOOKS = 40;

const READ_SIDE_BY_SIDE = 16;

export type SearchStore = Pick<GenerationStore, 'findByDigits'>;

export interface Searched {
  readonly producer: Pick<Producer, 'list' | 'get'>;
  readonly store: SearchStore;
}

export interface FoundGenerations {
  readonly generations: readonly GenerationSummary[];
  readonly nextCursor?: string;
  /** Why nothing is listed. */
  readonly problem?: string;
  /** Where a search by digits stopped before its end. */
  readonly stopped?: { readonly looked: number; readonly at: number };
}

/** Reads the page of generations that a filter describes. */
export async function readGenerations({ producer, store }: Searched, filter: Filter): Promise<FoundGenerations> {
  try {
    if (isGenerationId(filter.id)) return { generations: [summaryOf(await producer.get(filter.id))] };
    const digits = idPrefixOf(filter);
    if (digits !== undefined) return await findByDigits({ producer, store }, filter, digits);
    if (filter.id !== '') return { generations: [], problem: 'Search by a whole id, or by its first eight digits or more.' };
    return await producer.list({ ...listOptionsOf(filter), limit: PAGE });
  } catch (error) {
    if (error instanceof InvalidRequestError || error instanceof GenerationError || error instanceof CorruptRecordError)
      return { generations: [], problem: error.message };
    throw error;
  }
}

/** Place of a search by digits: the time from which it goes on, and how many of those found there were shown. */
interface Place {
  readonly at: number;
  readonly shown: number;
}
const writePlace = ({ at, shown }: Place): string => `d${at.toString(36)}_${shown}`;
function readPlace(cursor: string): Place | undefined {
  const [, at, shown] = /^d([0-9a-z]{1,9})_(\d{1,5})$/.exec(cursor) ?? [];
  return at === undefined ? undefined : { at: Number.parseInt(at, 36), shown: Number(shown) };
}

/**
 * Finds all generations whose id begins with these digits. The digits are a time, and tell when it may have been enqueued: most at once, and the
 * oldest come first.
 */
async function findByDigits({ producer, store }: Searched, filter: Filter, digits: string): Promise<FoundGenerations> {
  const { from, before } = stretchOf(digits);
  const tenant = filter.tenant === '' ? undefined : filter.tenant;
  const ids: string[] = [];
  let { at, shown } = readPlace(filter.cursor) ?? { at: from, shown: 0 };
  let looked = 0;
  for (let look = 0; look < MOST_LOOKS && at < before && ids.length < PAGE; look += 1) {
    const found = await store.findByDigits({ digits, tenant, from: Math.max(from, at), before });
    // one that changes its status meanwhile stands in two lists
    const fresh = [...new Set(found.ids)].toSorted().slice(shown);
    const some = fresh.slice(0, PAGE - ids.length);
    ids.push(...some);
    looked += found.looked;
    shown = some.length < fresh.length ? shown + some.length : 0;
    if (shown === 0) at = found.next;
  }
  const views = await eachOf(ids, READ_SIDE_BY_SIDE, (id) => findSummary(producer, id));
  const generations = views.filter((each) => each !== undefined).filter((each) => passes(each, filter));
  if (at >= before) return { generations };
  return { generations, nextCursor: writePlace({ at, shown }), ...(ids.length < PAGE && { stopped: { looked, at } }) };
}

const findSummary = (producer: Pick<Producer, 'get'>, id: string): Promise<GenerationSummary | undefined> =>
  producer.get(id).then(summaryOf, (error: unknown) => {
    if (hasCode(error, 'generation.not-found') || hasCode(error, 'generation.erased')) return undefined;
    throw error;
  });

/** Returns true if a generation that was found by its id passes the rest of the filter. */
const passes = ({ status, tenant, tags = [], codes }: GenerationSummary, filter: Filter): boolean =>
  (filter.status.length === 0 || filter.status.includes(status)) &&
  (filter.tenant === '' || tenant === filter.tenant) &&
  (filter.tag === '' || tags.includes(filter.tag)) &&
  (filter.code === '' || codes.includes(filter.code));

/** Returns a generation as a list has it. */
const summaryOf = ({ images, ...view }: Awaited<ReturnType<Producer['get']>>): GenerationSummary => ({
  ...view,
  images: images.map(({ status }) => status),
  codes: [...new Set(images.flatMap(({ fault }) => fault?.code ?? []))],
});
