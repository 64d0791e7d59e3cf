import { ConfigError, ForeignBucketError, LocalStackError, StorageError } from '@darkroom/contracts';
import type { ObjectStorage } from '@darkroom/object-storage';
import type { Terminal } from '../terminal.ts';
import type { Operations } from './open-operations.ts';

/** Message about a change that only Redis has. */
export const LATER =
  'a worker records it as soon as S3 answers, and a Redis that loses its last writes before that forgets it. The same command can be run again';

/** Describes whether S3 has the change that Redis holds. @param unrecorded The restrictions that no worker has recorded yet. */
export const wordsOfRecording = (revision: number | undefined, unrecorded: readonly unknown[]): string =>
  revision === undefined || unrecorded.length > 0
    ? 'not recorded in S3 yet; a worker records it within seconds'
    : `revision ${revision}, recorded in S3`;

/** Returns true if an error means that the command could not write to S3. */
export const isNotRecorded = (error: unknown): error is Error =>
  [StorageError, ForeignBucketError, LocalStackError, ConfigError].some((kind) => error instanceof kind);

/** Runs work with the bucket open. */
export async function withBucket<Value>(
  openBucket: Operations['openBucket'],
  work: (archive: ObjectStorage) => Promise<Value>,
): Promise<Value> {
  const storage = await openBucket();
  try {
    return await work(storage);
  } finally {
    storage.close();
  }
}

/**
 * Makes a change in S3, or reports why it is not recorded there.
 * @param held Applies the restrictions of the change to Redis alone, and returns a message about what holds now.
 * @returns the exit code.
 */
export async function recordOrReport(
  openBucket: Operations['openBucket'],
  terminal: Pick<Terminal, 'complain'>,
  held: () => Promise<string>,
  work: (archive: ObjectStorage) => Promise<0 | 1>,
): Promise<0 | 1> {
  try {
    return await withBucket(openBucket, work);
  } catch (error) {
    if (!isNotRecorded(error)) throw error;
    terminal.complain(`the change is not recorded (recorded: false): ${error.message}\n${await held()}`);
    return 1;
  }
}
