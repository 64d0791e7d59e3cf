import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ConfigError } from '@darkroom/contracts';
import type { Transcript } from '@darkroom/runware-client';
import { z } from 'zod';

/** The file that a probe writes. */
export interface TranscriptFile {
  readonly name: string;
  /** Replaces what it holds, whole or not at all. */
  write(transcript: Transcript): void;
}

const MAX_PER_DAY = 100;

/**
 * Takes a name that no file has, before anything is bought: a transcript may have cost money, so none is written over.
 * @param name Without it, `probe-<date>.json` in the current folder, with a number from the second of a day on.
 * @throws ConfigError if the file is there already or cannot be written.
 */
export function openTranscriptFile(name: string | undefined, date: Date): TranscriptFile {
  const day = date.toISOString().slice(0, 10);
  const numbered = Array.from({ length: MAX_PER_DAY }, (_, index) =>
    path.resolve(`probe-${day}${index === 0 ? '' : `-${index + 1}`}.json`),
  );
  const taken = (name === undefined ? numbered : [name]).find(take);
  if (taken === undefined) throw unwritable(name ?? `probe-${day}.json`, 'it is there already, and a transcript is not written over');
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

/** It says when an account bought what. */
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

/** Writes a file beside it first, to the disk: a machine that stops in the middle leaves the one before. */
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

/** The version in this app's package.json, which lies two folders above both the source and the compiled file. */
export const readVersion = (): string =>
  z.object({ version: z.string() }).parse(JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))).version;
