import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LocalStackError } from '@darkroom/contracts';
import { isAlive } from './is-alive.ts';

/** A data folder that belongs to this process. */
export interface FolderLock {
  /** May be called twice. */
  release(): void;
}

const NAME = 'owner.json';

/**
 * Takes a data folder for this process alone: two servers that write to the same files destroy them. The lock of a process
 * that was killed is taken over.
 * @throws LocalStackError when a living process has it.
 */
export function lockFolder(dir: string): FolderLock {
  mkdirSync(dir, { recursive: true });
  const file = join(dir, NAME);
  const owner = readOwner(file);
  if (owner !== undefined && isLiving(owner)) {
    throw new LocalStackError(`cannot use the folder "${dir}": process ${owner.pid} uses it; stop that one, or choose another folder`);
  }
  if (owner !== undefined) rmSync(file, { force: true });
  // "wx": of two processes that find it free at the same moment, one fails here.
  writeFileSync(file, JSON.stringify(self()), { flag: 'wx' });
  return { release: () => rmSync(file, { force: true }) };
}

interface Owner {
  readonly pid: number;
  /** Tells this process from an earlier one of the same number, which in a container is the rule. */
  readonly startedAt: number;
}

const self = (): Owner => ({ pid: process.pid, startedAt: performance.timeOrigin });

const isLiving = ({ pid, startedAt }: Owner): boolean => (pid === process.pid ? startedAt === self().startedAt : isAlive(pid));

function readOwner(file: string): Owner | undefined {
  try {
    // Written by `lockFolder` alone.
    return JSON.parse(readFileSync(file, 'utf8')) as Owner;
  } catch {
    return undefined;
  }
}
