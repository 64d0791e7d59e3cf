import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** The processes of a start, kept in its data folder, so that the next start can end those that a kill left behind. */
export interface ProcessRecord {
  /** Takes down a process of a script, as soon as there is one. */
  add(pid: number, script: string): void;
  /** Everything was ended in order. */
  clear(): void;
}

interface Entry {
  pid: number;
  script: string;
}

const fileIn = (dir: string): string => path.join(dir, 'processes.json');

/** Begins the record of a start. Call it when left-overs have been ended. */
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
 * Ends the apps that a killed start left running in this folder. They are made to be killed at any point, so they get a moment to
 * end by themselves and no more.
 * @returns how many there were.
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

/** Process ids are given again: only a process that runs the recorded script is the one that was left. */
const isRunning = ({ pid, script }: Entry): boolean => findCommandLine(pid)?.includes(script) === true;

/** Undefined when there is no such process, or the system does not say (Windows). */
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
    // It ended meanwhile.
  }
}

function readEntries(dir: string): Entry[] {
  try {
    // Written by `openProcessRecord` alone; a torn file is of a start that was killed while its first process was starting.
    return JSON.parse(readFileSync(fileIn(dir), 'utf8')) as Entry[];
  } catch {
    return [];
  }
}
