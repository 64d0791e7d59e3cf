import { StorageError } from '@darkroom/contracts';
import type { BoundedRead, Bucket } from './bucket.ts';

/** Folders that a worker writes to; it needs the right for each of them. */
export const writtenFolders = ['records', 'requests', 'images', 'staging', 'quarantine', 'settings'] as const;
export type WrittenFolder = (typeof writtenFolders)[number];

/** Folders that a worker has no right to read: their objects are for operators. */
const unreadFolders: readonly WrittenFolder[] = ['quarantine'];

/**
 * Returns the key of a folder's check object, written once and never deleted: workers need no right to delete, and no start undoes
 * another's.
 */
export const writeCheckKey = (folder: WrittenFolder): string => `${folder}/write-check`;

const words = 'Darkroom looks here whether it may write, and whether what lies here is kept.';
const TRIES = 3;
/** More than the check object's size; of a larger object, which an operator may have put here, only the size is compared. */
const MAX_BYTES = 1024;

/**
 * Proves with a few small requests that a folder may be written to, and that the server keeps to `If-None-Match: *`: it does not
 * overwrite an object, by its answers and by a read afterwards. All policies in infra/s3 allow these requests.
 *
 * Each PUT carries new bytes, which exposes a server that answers 412 and still replaces the object, even while other workers check.
 * Workers of earlier versions write the same bytes each time, which changes nothing on a good server.
 *
 * @param createId Returns a text that no other PUT has.
 * @throws StorageError "storage.unsuitable" for a server that ignores the condition, "storage.unavailable" otherwise.
 */
export async function checkWrites(bucket: Bucket, folder: WrittenFolder, createId: () => string): Promise<void> {
  const key = writeCheckKey(folder);
  const write = async (): Promise<{ isWritten: boolean; text: string }> => {
    const text = `${words}\n${createId()}\n`;
    const { kind } = await bucket.writeOnce(key, Buffer.from(text), 'text/plain').catch((error: unknown) => {
      throw isNotImplemented(error) ? unsuitable(bucket, 'answers 501 to', error) : error;
    });
    return { isWritten: kind === 'written', text };
  };
  let does = 'ignores';
  // Repeated, because a rule of the bucket may delete the object in between, and of many first starts one writes.
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    if (unreadFolders.includes(folder)) {
      if (!(await write()).isWritten) return;
      continue;
    }
    let before = lying(await bucket.read(key, MAX_BYTES));
    if (before === undefined) {
      const first = await write();
      does = 'refuses, though no object exists,';
      if (!first.isWritten) continue;
      before = first.text;
    }
    const isReplaced = (await write()).isWritten;
    if (!isReplaced && lying(await bucket.read(key, MAX_BYTES)) === before) return;
    does = isReplaced ? 'ignores' : 'answers 412 and still does not keep the existing object on';
  }
  throw unsuitable(bucket, does);
}

/** Returns the content of a key for comparison; undefined if the key has none. */
function lying(read: BoundedRead): string | undefined {
  if (read.kind === 'missing') return undefined;
  return read.kind === 'found' ? Buffer.from(read.bytes).toString('latin1') : `${read.sizeBytes} bytes`;
}

const isNotImplemented = (error: unknown): boolean => error instanceof StorageError && error.details['httpStatus'] === 501;

const unsuitable = ({ name }: Bucket, does: string, cause?: unknown): StorageError =>
  new StorageError(
    'storage.unsuitable',
    `the server of bucket '${name}' ${does} a PUT with "If-None-Match: *": images and records could be overwritten or not be kept, and something bought twice; use AWS S3 or a server with conditional writes (docs/operations/production.md, step 2)`,
    { reached: 'yes', cause },
  );
