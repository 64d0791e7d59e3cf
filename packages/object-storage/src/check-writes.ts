import { StorageError } from '@darkroom/contracts';
import type { Bucket } from './bucket.ts';

/** The folders that a worker writes to; it must have the right for each of them. */
export const writtenFolders = ['records', 'images', 'staging', 'quarantine', 'settings'] as const;
export type WrittenFolder = (typeof writtenFolders)[number];

/** One small object in each folder, written once and never deleted: workers need no right to delete, and no start undoes another's. */
export const writeCheckKey = (folder: WrittenFolder): string => `${folder}/write-check`;

const body = Buffer.from('Darkroom looks here whether it may write, and whether what lies here is kept.\n');
const TRIES = 3;

/**
 * Proves with one or two small requests that a folder may be written to, and that the server keeps to `If-None-Match: *`: what was
 * written once is not written again. All of the policies in infra/s3 allow for it.
 * @throws StorageError "storage.unsuitable" for a server that ignores the condition or does not know it, "storage.unavailable" else.
 */
export async function checkWrites(bucket: Bucket, folder: WrittenFolder): Promise<void> {
  const key = writeCheckKey(folder);
  // Of a server that keeps to the condition the second PUT finds what the first has written, unless a rule has deleted it in between.
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const { kind } = await bucket.writeOnce(key, body, 'text/plain').catch((error: unknown) => {
      throw isNotImplemented(error) ? unsuitable(bucket, 'answers 501 to', error) : error;
    });
    if (kind === 'exists') return;
  }
  throw unsuitable(bucket, 'ignores');
}

const isNotImplemented = (error: unknown): boolean => error instanceof StorageError && error.details['httpStatus'] === 501;

const unsuitable = ({ name }: Bucket, does: string, cause?: unknown): StorageError =>
  new StorageError(
    'storage.unsuitable',
    `the server of bucket '${name}' ${does} a PUT with "If-None-Match: *": images and records could be overwritten, and something bought twice; use AWS S3 or a server with conditional writes (docs/operations/production.md, step 2)`,
    { reached: 'yes', ...(cause === undefined ? {} : { cause }) },
  );
