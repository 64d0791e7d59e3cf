import { checkOwner } from './check-owner.ts';
import type { Owning } from './ports.ts';

/** What became of a store whose worker starts. */
export type OpenedStore =
  | { kind: 'open'; ownerId: string; isNew: boolean }
  /** Redis lost its memory, or never had one, and the bucket has: a rebuild alone opens it. */
  | { kind: 'closed' };

/**
 * Makes a new store usable (I9): writes who the bucket belongs to, and then the epoch. A Redis that lost its memory stays closed: with
 * its spend forgotten it would cross every cap, and buy again what S3 knows to be bought.
 *
 * Redis notes the claim first, so that a worker that dies in between is followed by one that writes the same.
 * @param seed Gives a new store its settings, once the bucket is its own and before its epoch.
 * @throws ForeignBucketError, StorageError
 */
export async function openOwnedStore(owning: Owning, seed: () => Promise<void>): Promise<OpenedStore> {
  const { store, archive, prefix, darkroomId, createId } = owning;
  const belonging = await checkOwner(owning);
  if (belonging.kind === 'belongs') return { kind: 'open', ownerId: belonging.ownerId, isNew: false };
  const { now, claim: begun } = await store.readOwnership();
  const isBegun = belonging.owner === undefined || belonging.owner.id === begun?.id;
  if (darkroomId !== undefined || !isBegun || (await archive.hasRecords())) return { kind: 'closed' };
  const claim = await store.claimOwner({ id: createId(), epoch: createId() });
  const owner = await archive.recordOwner({ version: 1, id: claim.id, prefix, at: now, epoch: claim.epoch });
  if (owner.id !== claim.id) {
    // Another worker of this Redis has opened the store meanwhile, or another Redis took the bucket.
    const again = await checkOwner(owning);
    return again.kind === 'belongs' ? { kind: 'open', ownerId: again.ownerId, isNew: false } : { kind: 'closed' };
  }
  await seed();
  return { kind: 'open', ownerId: owner.id, isNew: await store.initialise(owner.epoch, owner.id) };
}
