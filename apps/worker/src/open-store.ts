import { randomUUID } from 'node:crypto';
import type { GenerationStore } from '@darkroom/generation-store';
import type { ObjectStorage } from '@darkroom/object-storage';
import type { Logger } from '@darkroom/service-runtime';

/**
 * Makes a new store usable (I9): writes its epoch if the bucket holds no record of an earlier life. A Redis that lost its
 * memory stays closed: with its spend forgotten it would cross every cap, and buy again what S3 knows to be bought.
 */
export async function openStore(store: GenerationStore, storage: ObjectStorage, logger: Logger): Promise<boolean> {
  if (await store.isInitialised()) return true;
  if (await storage.hasRecords()) {
    logger.error(
      { code: 'store.not-initialised' },
      'redis holds no epoch, and the bucket holds records: redis lost its memory, or it is not the one of this bucket; nothing is bought until it is brought back: `npm run rebuild`',
    );
    return false;
  }
  if (await store.initialise(randomUUID())) logger.info({}, 'opened a new store');
  return true;
}
