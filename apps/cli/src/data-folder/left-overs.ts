import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** List of the processes of a start, in its data folder, from which the next start ends those that a kill left behind. */
export interface ProcessRecord {
  /** Adds a process; call it as soon as the process has an id. */
  add(pid: number, script: string): void;
  /** Removes the list: all processes were ended in order. */
  clear(): void;
}

interface Entry {
  pid: number;
  script: string;
}

const fileIn = (dir: string): string => path.join(dir, 'processes.json');

/** Begins an empty list for a start. Call it after `endLeftOvers`. */
export function openProcessRecord(dir: string): ProcessRecord {
  const entries: Entry[] = [];
  return {
    add(pid, script) {
      entries.push({ pid, script });
      writeFileSync(fileIn(dir), JSON.stringify(entries));
    },
    clear: () => rmSync(fileIn(dir), { force: true }),
  };
}

const END_LIMIT_MS = 2000;

/**
 * Ends the apps that a killed start left running in this folder. Each may be killed at any point, so it gets only a moment to stop by
 * itself.
 * @returns the number of apps that were running.
 */
export async function endLeftOvers(dir: string): Promise<number> {
  const running = readEntries(dir).filter(isRunning);
  for (const { pid } of running) send(pid, 'SIGTERM');
  const deadline = performance.now() + END_LIMIT_MS;
  while (running.some(isRunning) && performance.now() < deadline) await delay(20);
  for (const { pid } of running.filter(isRunning)) send(pid, 'SIGKILL');
  while (running.some(isRunning)) await delay(20);
  rmSync(fileIn(dir), { force: true });
  return running.length;
}

/** Returns true if this process runs the listed script: the system may have given its id to another process. */
const isRunning = ({ pid, script }: Entry): boolean => findCommandLine(pid)?.includes(script) === true;

/** Returns the command line of a process; undefined if there is no such process or the system does not tell it (Windows). */
function findCommandLine(pid: number): string | undefined {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return undefined;
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // The process has ended meanwhile.
  }
}

function readEntries(dir: string): Entry[] {
  try {
    // Only `openProcessRecord` writes it; a torn file comes from a start that was killed while it started its first process.
    return JSON.parse(readFileSync(fileIn(dir), 'utf8')) as Entry[];
  } catch {
    return [];
  }
}
