import { STORED_FORMAT } from '@darkroom/contracts';
import { checkOwner } from './check-owner.ts';
import type { Owning } from './ports.ts';

/** State of a store whose worker starts. */
export type OpenedStore =
  | { kind: 'open'; ownerId: string; isNew: boolean }
  /** Redis lost its memory, or never had one, and the bucket has records: only a rebuild opens the store. */
  | { kind: 'closed' };

/**
 * Makes a new store usable (I9): writes the owner and the format of the bucket, and then the epoch. A Redis that lost its memory stays closed: it has
 * forgotten its spend, so it would cross every cap, and buy again what S3 knows to be bought.
 *
 * Redis first notes the claim, so that the worker after one that died in between writes the same.
 * @param seed Gives a new store its settings, once the bucket is its own and before its epoch.
 * @throws ForeignBucketError, StorageError
 */
export async function openOwnedStore(owning: Owning, seed: () => Promise<void>): Promise<OpenedStore> {
  const { store, archive, prefix, darkroomId, createId } = owning;
  const belonging = await checkOwner(owning);
  if (belonging.kind === 'belongs') return { kind: 'open', ownerId: belonging.ownerId, isNew: false };
  const { now, claim: begun, epoch } = await store.readOwnership();
  // Another worker of this Redis has opened it since.
  if (epoch !== undefined) return openOwnedStore(owning, seed);
  const isBegun = belonging.owner === undefined || belonging.owner.id === begun?.id;
  if (darkroomId !== undefined || !isBegun || (await archive.hasRecords())) return { kind: 'closed' };
  const claim = await store.claimOwner({ id: createId(), epoch: createId() });
  const owner = await archive.recordOwner({ version: 1, id: claim.id, prefix, at: now, epoch: claim.epoch });
  if (owner.id !== claim.id) {
    // Another worker of this Redis has opened the store meanwhile, or another Redis took the bucket.
    const again = await checkOwner(owning);
    return again.kind === 'belongs' ? { kind: 'open', ownerId: again.ownerId, isNew: false } : { kind: 'closed' };
  }
  await archive.recordFormat(STORED_FORMAT, now);
  await seed();
  return { kind: 'open', ownerId: owner.id, isNew: await store.initialise(owner.epoch, owner.id) };
}
