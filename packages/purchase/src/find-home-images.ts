import type { ObjectStorage } from '@darkroom/object-storage';

/**
 * Finds the images of a generation that came home, as its records in S3 tell: one LIST, and one GET for each end of the images until one of
 * them is found there.
 * @param indexes The images that are looked for.
 */
export async function findHomeImages(
  archive: Pick<ObjectStorage, 'listRecordsOf' | 'findResult'>,
  generationId: string,
  indexes: readonly number[],
): Promise<number[]> {
  const home = new Set<number>();
  for (const { kind, round: _round, ...ref } of await archive.listRecordsOf(generationId)) {
    if (!indexes.includes(ref.index) || home.has(ref.index)) continue;
    if (kind === 'amendment' || (kind === 'result' && (await archive.findResult(ref))?.status === 'succeeded')) home.add(ref.index);
  }
  return [...home];
}
