import { checkOwner, openOwnedStore, type Owning } from '@darkroom/recovery';
import type { Logger } from '@darkroom/service-runtime';

/** The store of a worker, and the Darkroom that it was found to belong to. */
export interface OwnStore {
  /** Opens a new store, and logs why one that lost its memory stays closed. @returns whether it is open. @throws ForeignBucketError, StorageError */
  open(): Promise<boolean>;
  /** Compares the owner that Redis knows with the one that the bucket names. @throws ForeignBucketError when they are two; StorageError. */
  check(): Promise<void>;
  /** Returns the Darkroom whose Redis and bucket were last found to belong together. */
  ownerId(): string | undefined;
}

/** @param seed Gives a new store its settings, in S3 and in Redis, before anything can be bought under others. */
export function createOwnStore(owning: Owning, seed: () => Promise<void>, logger: Logger): OwnStore {
  let ownerId: string | undefined;
  return {
    ownerId: () => ownerId,
    async check() {
      const belonging = await checkOwner(owning);
      if (belonging.kind === 'belongs') ({ ownerId } = belonging);
    },
    async open() {
      const opened = await openOwnedStore(owning, seed);
      if (opened.kind === 'open') {
        ({ ownerId } = opened);
        if (opened.isNew) logger.info({ darkroomId: ownerId, prefix: owning.prefix }, 'opened a new store');
        return true;
      }
      const bound = owning.darkroomId === undefined ? '' : ', and with DARKROOM_ID no empty one is opened';
      logger.error(
        { code: 'store.not-initialised' },
        `redis holds no epoch, and the bucket belongs to a Darkroom or holds records${bound}: redis lost its memory, or it is not the one of this bucket; nothing is bought until it is brought back: \`npm run rebuild\``,
      );
      return false;
    },
  };
}
