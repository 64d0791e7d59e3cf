import type { GenerationSummary } from '@darkroom/contracts';
import type { ListOptions } from '../list.ts';
import type { Producer } from '../producer.ts';

const PAGE = 500;

/** Yields all generations that pass the filters, in pages: a list of any length takes the memory of one page. */
export async function* walkList(
  producer: Pick<Producer, 'list'>,
  filter: ListOptions,
): AsyncGenerator<GenerationSummary[], void, undefined> {
  let cursor: string | undefined;
  do {
    const page = await producer.list({ ...filter, limit: PAGE, ...(cursor !== undefined && { cursor }) });
    yield page.generations;
    cursor = page.nextCursor;
  } while (cursor !== undefined);
}
