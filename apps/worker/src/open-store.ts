import { openOwnedStore, type Owning } from '@darkroom/recovery';
import type { Logger } from '@darkroom/service-runtime';

/**
 * Opens a new store, and says in the log why one that lost its memory stays closed. @returns whether it is open.
 * @param seed Gives a new store its settings, in S3 and in Redis, before anything can be bought under others.
 * @throws ForeignBucketError, StorageError
 */
export async function openStore(owning: Owning, seed: () => Promise<void>, logger: Logger): Promise<boolean> {
  const opened = await openOwnedStore(owning, seed);
  if (opened.kind === 'open') {
    if (opened.isNew) logger.info({ darkroomId: opened.ownerId, prefix: owning.prefix }, 'opened a new store');
    return true;
  }
  const bound = owning.darkroomId === undefined ? '' : ', and with DARKROOM_ID no empty one is opened';
  logger.error(
    { code: 'store.not-initialised' },
    `redis holds no epoch, and the bucket belongs to a Darkroom or holds records${bound}: redis lost its memory, or it is not the one of this bucket; nothing is bought until it is brought back: \`npm run rebuild\``,
  );
  return false;
}
