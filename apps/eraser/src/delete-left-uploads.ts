import type { ErasingStore } from '@darkroom/generation-store';
import type { ErasingStorage } from '@darkroom/object-storage';

/** Uploads deleted with one request. */
const AT_ONCE = 1000;

/**
 * Deletes the uploads that the reconciler handed over, because their images are kept. It forgets them in Redis after S3 has deleted them: a
 * death in between deletes them once more, which is no error.
 * @returns their number.
 */
export async function deleteLeftUploads(
  store: Pick<ErasingStore, 'readLeftUploads' | 'forgetLeftUploads'>,
  storage: Pick<ErasingStorage, 'deleteUploads'>,
  signal: AbortSignal,
): Promise<number> {
  let deleted = 0;
  while (!signal.aborted) {
    const taskUUIDs = await store.readLeftUploads(AT_ONCE);
    if (taskUUIDs.length === 0) break;
    await storage.deleteUploads(taskUUIDs);
    await store.forgetLeftUploads(taskUUIDs);
    deleted += taskUUIDs.length;
  }
  return deleted;
}
