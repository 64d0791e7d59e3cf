import { findOwnerDisagreement, NewerFormatError, STORED_FORMAT } from '@darkroom/contracts';
import type { ErasingStore } from '@darkroom/generation-store';
import type { ErasingStorage } from '@darkroom/object-storage';

export interface BelongingParts {
  store: Pick<ErasingStore, 'readOwnership'>;
  storage: Pick<ErasingStorage, 'findOwner' | 'findFormat'>;
  /** Key prefix in Redis. */
  prefix: string;
  /** `DARKROOM_ID`, if it is set. */
  darkroomId: string | undefined;
}

/**
 * Checks that Redis and bucket belong to one Darkroom, before anything is deleted. A worker binds them; the eraser binds nothing.
 * @throws Error, in words for an operator, if they do not, or while one of them has no owner yet; NewerFormatError; StorageError.
 */
export async function checkBelonging({ store, storage, prefix, darkroomId }: BelongingParts): Promise<void> {
  const [owner, format, { epoch, ownerId }] = await Promise.all([storage.findOwner(), storage.findFormat(), store.readOwnership()]);
  if (epoch === undefined) throw new Error('redis holds no epoch: no worker has opened the store yet, or an operator must rebuild it');
  if (ownerId === undefined) throw new Error('redis and bucket have no common owner yet: a worker of this version gives them one');
  const disagreement = findOwnerDisagreement({ owner, ownerId, isOpen: true, prefix, darkroomId });
  if (disagreement !== undefined) throw new Error(`${disagreement}; nothing is deleted until then`);
  if (format > STORED_FORMAT) throw new NewerFormatError(String(format), STORED_FORMAT, { holder: 'the bucket' });
}
