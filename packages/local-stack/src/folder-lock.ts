import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LocalStackError } from '@darkroom/contracts';
import { isAlive } from './is-alive.ts';

/** A data folder that belongs to this process. */
export interface FolderLock {
  /** Unlocks the folder. A second call does nothing. */
  release(): void;
}

const NAME = 'owner.json';

/**
 * Locks a data folder for this process: two servers that write to the same files would destroy them. It takes over the lock of a
 * killed process.
 * @throws LocalStackError if a living process holds the lock.
 */
export function lockFolder(dir: string): FolderLock {
  mkdirSync(dir, { recursive: true });
  const file = join(dir, NAME);
  const owner = readOwner(file);
  if (owner !== undefined && isLiving(owner)) {
    throw new LocalStackError(`cannot use the folder "${dir}": process ${owner.pid} uses it; stop that process, or choose another folder`);
  }
  if (owner !== undefined) rmSync(file, { force: true });
  // "wx": if two processes find the folder free at the same moment, the write of one fails.
  writeFileSync(file, JSON.stringify(self()), { flag: 'wx' });
  return { release: () => rmSync(file, { force: true }) };
}

interface Owner {
  readonly pid: number;
  /** Tells this process from an earlier one with the same number, which is common in a container. */
  readonly startedAt: number;
}

const self = (): Owner => ({ pid: process.pid, startedAt: performance.timeOrigin });

const isLiving = ({ pid, startedAt }: Owner): boolean => (pid === process.pid ? startedAt === self().startedAt : isAlive(pid));

function readOwner(file: string): Owner | undefined {
  try {
    // Only `lockFolder` writes this file.
    return JSON.parse(readFileSync(file, 'utf8')) as Owner;
  } catch {
    return undefined;
  }
}
