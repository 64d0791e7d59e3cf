import { buildSettingRecord, formatReleaseId, parseReleaseId, type SubmissionRef } from '@darkroom/contracts';
import type { KeptSettings } from './ports.ts';

/** Ports of the releases of withheld images. */
export type KeptReleases = Pick<KeptSettings, 'archive'> & {
  store: Pick<KeptSettings['store'], 'releaseImage' | 'readTime' | 'readServerRun'>;
};

export type ReleasedImage =
  /** `reason`: that of the first release. */
  | { kind: 'released' | 'already'; reason: string }
  /** Refused: Redis restarted, and no change is accepted that lets more be seen. */
  | { kind: 'recovering' };

/**
 * Releases the image that a submission made: in S3 first, once and for ever, and then in Redis.
 * @throws StorageError when S3 is away; the image then stays withheld.
 */
export async function releaseImage({ store, archive }: KeptReleases, ref: SubmissionRef, reason: string): Promise<ReleasedImage> {
  const { isOpen, isRecovering } = await store.readServerRun();
  if (isOpen && isRecovering) return { kind: 'recovering' };
  const id = formatReleaseId(ref);
  const change = { revision: 1, at: await store.readTime(), by: 'operator' as const, before: null, after: { reason } };
  const isFirst = await archive.recordSetting(buildSettingRecord('releases', change, id));
  const stands = isFirst ? undefined : await archive.findNewestSetting('releases', id);
  await store.releaseImage(ref);
  return { kind: isFirst ? 'released' : 'already', reason: stands?.after.reason ?? reason };
}

/** An entry stays for a week after its end, and its last purchase is at most 30 days younger than its id, for which `runAt` may wait. */
const LISTED_MS = 40 * 24 * 3_600_000;

/**
 * Notes in Redis the releases of the generations whose ids are at most 40 days old: a Redis that went back lacks them. Until then such an
 * image is withheld, and an older one until the command is run again. @throws StorageError when S3 is away.
 */
export async function restoreReleases({ store, archive }: KeptReleases): Promise<void> {
  const since = Math.max(0, (await store.readTime()) - LISTED_MS);
  // the first 48 bits of an id are its time (RFC 9562, "UUID Version 7")
  const hex = since.toString(16).padStart(12, '0');
  for await (const { id } of archive.listSettings('releases', `${hex.slice(0, 8)}-${hex.slice(8)}`)) {
    const ref = parseReleaseId(id);
    if (ref !== undefined) await store.releaseImage(ref);
  }
}
