import {
  defined,
  describeOwner,
  findOwnerDisagreement,
  ForeignBucketError,
  NewerFormatError,
  STORED_FORMAT,
  type Owner,
} from '@darkroom/contracts';
import { findDisagreement } from './find-disagreement.ts';
import type { Owning } from './ports.ts';

/** Relation of a store to its bucket. */
export type Belonging =
  | { kind: 'belongs'; ownerId: string }
  /** Redis holds no epoch. `owner`: that of the bucket, whose prefix is that of this store. */
  | { kind: 'closed'; owner?: Owner };

/**
 * Compares the owner that Redis knows with the one that the bucket names. An open store of an earlier version takes the bucket once, if the
 * bucket has no owner and both sides tell the same of their purchases. A Redis that was lost, or went back, gets the number of the
 * stored format from its bucket before anything is written, and from no other bucket.
 * @throws ForeignBucketError, in words for an operator, if they do not belong together; NewerFormatError if this build does not know the
 * format of the bucket; StorageError.
 */
export async function checkOwner(owning: Owning): Promise<Belonging> {
  const { store, archive, prefix, darkroomId } = owning;
  const [owner, format] = await Promise.all([archive.findOwner(), archive.findFormat()]);
  const { epoch, ownerId } = await store.readOwnership();
  const disagreement = findOwnerDisagreement({ owner, ownerId, isOpen: epoch !== undefined, prefix, darkroomId });
  if (disagreement !== undefined) throw new ForeignBucketError(disagreement);
  if (format > STORED_FORMAT) throw new NewerFormatError(String(format), STORED_FORMAT, { holder: 'the bucket' });
  if (epoch === undefined) {
    if (owner !== undefined) await store.raiseStoreFormat(format);
    return { kind: 'closed', ...defined({ owner }) };
  }
  const id = ownerId ?? (await takeOnce(owning, epoch, owner));
  await store.raiseStoreFormat(format);
  return { kind: 'belongs', ownerId: id };
}

/** Binds a store that an earlier version opened. Redis first notes the claim, so that all its workers write the same. */
async function takeOnce({ store, archive, prefix, darkroomId, createId }: Owning, epoch: string, standing?: Owner): Promise<string> {
  // Its own, from before Redis forgot that it has one.
  if (standing?.epoch === epoch) {
    await store.adoptOwner({ id: standing.id, epoch });
    return standing.id;
  }
  if (standing !== undefined)
    throw new ForeignBucketError(
      `Redis knows no owner, and the bucket belongs to ${describeOwner(standing)}: it is the bucket of another Redis`,
    );
  if (darkroomId !== undefined)
    throw new ForeignBucketError(
      `DARKROOM_ID names ${darkroomId}, and neither Redis nor the bucket knows an owner: start one worker without it first`,
    );
  const disagreement = await findDisagreement({ store, archive });
  if (disagreement !== undefined)
    throw new ForeignBucketError(`neither Redis nor the bucket knows an owner, and they do not belong together: ${disagreement}`);
  const { now } = await store.readOwnership();
  const claim = await store.claimOwner({ id: createId(), epoch });
  const owner = await archive.recordOwner({ version: 1, id: claim.id, prefix, at: now, epoch });
  // Another worker of this Redis may have been first; another Redis has another epoch.
  if (owner.epoch !== epoch) throw new ForeignBucketError(`another Redis took the bucket first: it belongs to ${describeOwner(owner)}`);
  await store.adoptOwner({ id: owner.id, epoch });
  return owner.id;
}
