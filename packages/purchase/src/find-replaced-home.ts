import type { SubmissionRef } from '@darkroom/contracts';
import type { Commitment } from '@darkroom/generation-store';
import { findHomeImages } from './find-home-images.ts';
import type { Purchase } from './purchase.ts';

/**
 * Finds out, before the first intent of an image of a retry, if S3 knows that the replaced image came home: an image may arrive after the end
 * of its generation, and a Redis that went back forgets that. Redis is then told, and the next commit does not buy it.
 */
export async function findReplacedHome(
  { store, archive }: Pick<Purchase, 'store' | 'archive'>,
  ref: SubmissionRef,
  { intent }: Extract<Commitment, { kind: 'go' }>,
): Promise<boolean> {
  const { retryOf, replaces, n, round } = intent;
  const replaced = replaces?.[ref.index];
  if (retryOf === undefined || replaced === undefined || n > 1 || round > 0) return false;
  const home = await findHomeImages(archive, retryOf, [replaced]);
  if (home.length > 0) await store.rememberHome(retryOf, home);
  return home.length > 0;
}
