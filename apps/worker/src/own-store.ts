import { checkOwner, openOwnedStore, type Owning } from '@darkroom/recovery';
import type { Logger } from '@darkroom/service-runtime';

/** The store of a worker, and the Darkroom that owns it. */
export interface OwnStore {
  /** Opens a new store, or logs why it stays closed. @returns true if it is open. @throws ForeignBucketError, StorageError */
  open(): Promise<boolean>;
  /** Compares the owner in Redis with the owner in the bucket. @throws ForeignBucketError when they differ; StorageError. */
  check(): Promise<void>;
  /** Returns the Darkroom of the last check in which Redis and bucket belonged together. */
  ownerId(): string | undefined;
}

/** @param seed Gives a new store its settings, in S3 and in Redis, before a worker can buy under others. */
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
      const bound = owning.darkroomId === undefined ? '' : ', and with DARKROOM_ID a worker opens no empty store';
      logger.error(
        { code: 'store.not-initialised' },
        `redis is empty, and the bucket belongs to a Darkroom or holds records${bound}: redis lost its memory, or belongs to another bucket; no worker buys until an operator rebuilds it: \`npm run rebuild\``,
      );
      return false;
    },
  };
}
