import type { ErasingStore } from '@darkroom/generation-store';
import type { ErasingStorage } from '@darkroom/object-storage';

export interface BelongingParts {
  store: Pick<ErasingStore, 'readOwnership'>;
  storage: Pick<ErasingStorage, 'findOwner'>;
  /** Key prefix in Redis. */
  prefix: string;
  /** `DARKROOM_ID`, if it is set. */
  darkroomId: string | undefined;
}

/**
 * Checks that Redis and bucket belong to one Darkroom, before anything is deleted. A worker binds them; the eraser binds nothing.
 * @throws Error, in words for an operator, if they do not, or while one of them has no owner yet; StorageError.
 */
export async function checkBelonging({ store, storage, prefix, darkroomId }: BelongingParts): Promise<void> {
  const [owner, { epoch, ownerId }] = await Promise.all([storage.findOwner(), store.readOwnership()]);
  if (epoch === undefined) throw new Error('redis holds no epoch: no worker has opened the store yet, or an operator must rebuild it');
  if (ownerId === undefined || owner === undefined)
    throw new Error('redis and bucket have no common owner yet: a worker of this version gives them one');
  if (owner.id !== ownerId || owner.prefix !== prefix)
    throw new Error(
      `Redis belongs to the Darkroom ${ownerId} of the prefix "${prefix}", and the bucket to ${owner.id} of the prefix "${owner.prefix}": it deletes nothing until it has the bucket of this Redis`,
    );
  if (darkroomId !== undefined && darkroomId !== ownerId)
    throw new Error(`Redis and bucket belong to the Darkroom ${ownerId}, and DARKROOM_ID names ${darkroomId}: it deletes nothing`);
}
