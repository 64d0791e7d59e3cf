import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ConfigError } from '@darkroom/contracts';
import type { Transcript } from '@darkroom/runware-client';

/** Transcript file of a probe. */
export interface TranscriptFile {
  readonly name: string;
  /** Replaces the whole contents, or leaves them as they were. */
  write(transcript: Transcript): void;
}

const MAX_PER_DAY = 100;

/**
 * Creates a new file before anything is bought: a transcript may have cost money, so none is overwritten.
 * @param name Defaults to `probe-<date>.json` in the current folder, with a number from the second of a day on.
 * @throws ConfigError if the file exists already or cannot be written.
 */
export function openTranscriptFile(name: string | undefined, date: Date): TranscriptFile {
  const day = date.toISOString().slice(0, 10);
  const numbered = Array.from({ length: MAX_PER_DAY }, (_, index) =>
    path.resolve(`probe-${day}${index === 0 ? '' : `-${index + 1}`}.json`),
  );
  const taken = (name === undefined ? numbered : [name]).find(take);
  if (taken === undefined) throw unwritable(name ?? `probe-${day}.json`, 'it exists already, and a transcript is never overwritten');
  return {
    name: taken,
    write(transcript) {
      try {
        replace(taken, `${JSON.stringify(transcript, undefined, 1)}\n`);
      } catch (error) {
        throw unwritable(taken, `the probe stopped before its next request: ${codeOf(error)}`);
      }
    },
  };
}

/** Permissions: the file shows what the account bought, and when. */
const OWNER_ALONE = 0o600;

function take(name: string): boolean {
  try {
    closeSync(openSync(name, 'wx', OWNER_ALONE));
    return true;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST') return false;
    throw unwritable(name, code);
  }
}

/** Writes and syncs a second file first, then renames it: a crash in between leaves the earlier contents. */
function replace(name: string, text: string): void {
  const partial = `${name}.partial`;
  rmSync(partial, { force: true });
  const file = openSync(partial, 'wx', OWNER_ALONE);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(partial, name);
}

function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  throw error;
}

const unwritable = (name: string, reason: string): ConfigError =>
  new ConfigError([{ path: '--out', message: `must be a new file that can be written: ${reason}`, given: `'${name}'` }]);
