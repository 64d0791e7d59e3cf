import { ForeignBucketError } from '@darkroom/contracts';
import { checkOwner } from './check-owner.ts';
import type { Owning } from './ports.ts';

/**
 * Binds a Redis without an epoch to its bucket before a rebuild: takes the owner of the bucket, or gives one to the bucket of an earlier
 * version.
 * @returns the id of the owner.
 * @throws ForeignBucketError, StorageError
 */
export async function takeOverBucket(owning: Owning): Promise<string> {
  const { store, archive, prefix, darkroomId, createId } = owning;
  const belonging = await checkOwner(owning);
  if (belonging.kind === 'belongs') return belonging.ownerId;
  if (belonging.owner !== undefined) return belonging.owner.id;
  if (darkroomId !== undefined)
    throw new ForeignBucketError(`DARKROOM_ID names ${darkroomId}, and the bucket holds no settings/owner.json: it is another bucket`);
  const { now } = await store.readOwnership();
  const claim = await store.claimOwner({ id: createId(), epoch: createId() });
  const owner = await archive.recordOwner({ version: 1, id: claim.id, prefix, at: now, epoch: claim.epoch });
  if (owner.prefix !== prefix)
    throw new ForeignBucketError(`the bucket was taken by the Darkroom ${owner.id} of the prefix "${owner.prefix}" meanwhile`);
  await store.raiseStoreFormat(await archive.findFormat());
  return owner.id;
}
