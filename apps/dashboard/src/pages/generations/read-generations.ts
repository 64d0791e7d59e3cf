import { GenerationError, InvalidRequestError, isGenerationId, type GenerationSummary } from '@darkroom/contracts';
import type { Producer } from '@darkroom/producer';
import { idPrefixOf, listOptionsOf, type Filter } from './read-filter.ts';

/** Generations of a page. */
const PAGE = 50;
/** Pages that a search by the first digits of an id looks at. */
const MOST_PAGES = 10;

export interface FoundGenerations {
  readonly generations: readonly GenerationSummary[];
  readonly nextCursor?: string;
  /** Why nothing is listed. */
  readonly problem?: string;
}

/** Reads the page of generations that a filter describes. */
export async function readGenerations(producer: Pick<Producer, 'list' | 'get'>, filter: Filter): Promise<FoundGenerations> {
  try {
    if (isGenerationId(filter.id)) return { generations: [summaryOf(await producer.get(filter.id))] };
    const digits = idPrefixOf(filter);
    if (digits !== undefined) return await findByDigits(producer, filter, digits);
    if (filter.id !== '') return { generations: [], problem: 'Search by a whole id, or by its first eight digits or more.' };
    return await producer.list({ ...listOptionsOf(filter), limit: PAGE });
  } catch (error) {
    if (error instanceof InvalidRequestError || error instanceof GenerationError) return { generations: [], problem: error.message };
    throw error;
  }
}

async function findByDigits(producer: Pick<Producer, 'list'>, filter: Filter, digits: string): Promise<FoundGenerations> {
  const found: GenerationSummary[] = [];
  let cursor = filter.cursor;
  for (let page = 0; page < MOST_PAGES && found.length < PAGE; page += 1) {
    const { generations, nextCursor = '' } = await producer.list({ ...listOptionsOf({ ...filter, cursor }), limit: 1000 });
    found.push(...generations.filter(({ generationId }) => generationId.replaceAll('-', '').startsWith(digits)));
    cursor = nextCursor;
    if (cursor === '') break;
  }
  return { generations: found, ...(cursor !== '' && { nextCursor: cursor }) };
}

/** Returns a generation as a list has it. */
const summaryOf = ({ images, ...view }: Awaited<ReturnType<Producer['get']>>): GenerationSummary => ({
  ...view,
  images: images.map(({ status }) => status),
  codes: [...new Set(images.flatMap(({ fault }) => fault?.code ?? []))],
});
