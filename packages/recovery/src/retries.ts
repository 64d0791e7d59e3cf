import { findHomeImages } from '@darkroom/purchase';
import type { GenerationRecords } from './generation-records.ts';
import type { Recovery } from './ports.ts';

/**
 * The pairs of originals and retries. A restored retry notes itself at its original (`restore` of generation-store); these two do what it
 * cannot tell.
 */

/** Notes a retry that is over for long and gets no entry: a later retry of its images is refused, or asks first. */
export async function rememberPastRetry(
  { store }: Pick<Recovery, 'store'>,
  { generation: { generationId, retryOf, replaces, createdAt }, submissions }: GenerationRecords,
): Promise<void> {
  if (retryOf === undefined || replaces === undefined) return;
  const isHome = (index: number): boolean =>
    submissions.some(({ ref, result, amendment }) => ref.index === index && (result?.status === 'succeeded' || amendment !== undefined));
  await store.rememberRetry({ generationId, retryOf, replaces, createdAt, home: replaces.filter((_, index) => isHome(index)) });
}

/**
 * Notes images that a restored retry replaces and that have come home, if Redis does not hold their generation: an original that is over for
 * long gets no entry, and may have been amended after the retry was made.
 */
export async function rememberReplaced({ store, archive }: Pick<Recovery, 'store' | 'archive'>, records: GenerationRecords): Promise<void> {
  const { retryOf, replaces } = records.generation;
  if (retryOf === undefined || replaces === undefined || (await store.findSubmissions(retryOf)).length > 0) return;
  const home = await findHomeImages(archive, retryOf, replaces);
  if (home.length > 0) await store.rememberHome(retryOf, home);
}
