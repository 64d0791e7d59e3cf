import type { Recovery } from './ports.ts';
import { readGenerationRecords } from './generation-records.ts';
import { findEarlier } from './read-request.ts';

/**
 * Brings back the request that Redis has lost of a generation, from its own object in S3 or from an intent of an earlier version. If S3 has
 * none, or a tombstone, nothing more of the generation is sent: the next run ends what was never sent and gives its money back, and what may
 * have been sent comes home without it.
 * @returns "gone" if the request is lost for good, "other" if S3 holds another one, which a person must look at.
 * @throws StorageError storage.unavailable, or storage.corrupt-record for damaged records; nothing was changed then.
 */
export async function returnRequest(
  { store, archive, settings }: Recovery,
  generationId: string,
): Promise<'returned' | 'erased' | 'gone' | 'other'> {
  const found = await archive.findRequest(generationId);
  let kept: Parameters<typeof store.returnRequest>[1] | undefined = found.kind === 'found' ? found.kept : undefined;
  if (found.kind === 'missing') {
    const records = await readGenerationRecords(archive, generationId, settings.maxSubmissions);
    const request = records && findEarlier(records.submissions.map(({ intent }) => intent));
    kept = request && { request };
  }
  // without an entry there is nothing to return it to, and other findings bring that back
  if (kept !== undefined) return (await store.returnRequest(generationId, kept)) === 'other' ? 'other' : 'returned';
  await store.forgetRequest(generationId);
  return found.kind === 'erased' ? 'erased' : 'gone';
}
