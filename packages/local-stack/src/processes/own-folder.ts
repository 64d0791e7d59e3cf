import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LocalStackError } from '@darkroom/contracts';

/** A data folder that belongs to this process. Its `processes.json` names the owner, and the programs that the next owner must end. */
export interface OwnFolder {
  /**
   * Ends the programs that a killed owner left running here. Each may be killed at any point, so it gets only a moment to stop by itself.
   * @returns the number of programs that were running.
   * @throws LocalStackError if one does not end.
   */
  endLeftOvers(): Promise<number>;
  /** Notes a program that runs here; call it as soon as the program has an id. @param mark Part of its command line, and of no other. */
  note(pid: number, mark: string): void;
  /** Lets another process take the folder: all programs were ended in order. May be called twice. */
  release(): void;
}

interface Owner {
  readonly pid: number;
  /** Tells this process from an earlier one of the same number, which in a container is the rule. */
  readonly startedAt: number;
}

interface Noted {
  readonly pid: number;
  readonly mark: string;
}

const END_LIMIT_MS = 2000;
const KILL_LIMIT_MS = 5000;

/**
 * Takes a data folder for this process alone: two servers that write to the same files destroy them. The folder of a process that was
 * killed is taken over.
 * @throws LocalStackError if a living process has it.
 */
export function takeFolder(dir: string): OwnFolder {
  mkdirSync(dir, { recursive: true });
  const file = join(dir, 'processes.json');
  const self: Owner = { pid: process.pid, startedAt: performance.timeOrigin };
  const { owner, programs: left } = readProcesses(dir);
  if (owner !== undefined && (owner.pid === self.pid ? owner.startedAt === self.startedAt : isAlive(owner.pid)))
    throw new LocalStackError(`cannot use the folder "${dir}": process ${owner.pid} uses it; stop that one, or choose another folder`);
  const programs: Noted[] = [...left];
  // Whole at any moment: a kill in the middle must not forget what runs.
  const write = (): void => {
    writeFileSync(`${file}.${self.pid}`, JSON.stringify({ owner: self, programs }));
    renameSync(`${file}.${self.pid}`, file);
  };
  if (existsSync(file)) write();
  // "wx": of two processes that find it free at the same moment, one fails here.
  else writeFileSync(file, JSON.stringify({ owner: self, programs }), { flag: 'wx' });
  for (const name of ['owner.json', 'server.json']) rmSync(join(dir, name), { force: true });
  return {
    async endLeftOvers() {
      const running = left.filter(isRunning);
      for (const { pid } of running) send(pid, 'SIGTERM');
      await untilGone(running, END_LIMIT_MS);
      for (const { pid } of running.filter(isRunning)) send(pid, 'SIGKILL');
      const stuck = await untilGone(running, KILL_LIMIT_MS);
      if (stuck !== undefined)
        throw new LocalStackError(`cannot end process ${stuck.pid}, which an earlier run left behind in "${dir}"; end it by hand`);
      programs.splice(0, left.length);
      write();
      return running.length;
    },
    note(pid, mark) {
      programs.push({ pid, mark });
      write();
    },
    release: () => rmSync(file, { force: true }),
  };
}

/** Returns true if a process of this number runs, of any user. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Returns true if this process is the noted one: the system may have given its id to another process. */
const isRunning = ({ pid, mark }: Noted): boolean => findCommandLine(pid)?.includes(mark) === true;

/** Waits until all have given back their files and ports. @returns one that has not at the limit. */
async function untilGone(programs: readonly Noted[], limitMs: number): Promise<Noted | undefined> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const present = programs.find(({ pid }) => isPresent(pid));
    if (present === undefined || performance.now() > deadline) return present;
    await delay(20);
  }
}

/** Returns false for a zombie as well: it holds nothing, and a container without an init keeps it for good. */
function isPresent(pid: number): boolean {
  if (process.platform !== 'linux') return isAlive(pid);
  try {
    return !/\) [ZX] [^)]*$/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

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

/** Reads the owner and its programs; also as version 0.2.0 left them, whose Redis may still write to this folder. */
function readProcesses(dir: string): { owner?: Owner | undefined; programs: readonly Noted[] } {
  const noted = readJson(join(dir, 'processes.json')) as
    | { owner: Owner; programs: Noted[] }
    | { pid: number; script: string }[]
    | undefined;
  if (noted !== undefined && !Array.isArray(noted)) return noted;
  const server = readJson(join(dir, 'server.json')) as { pid: number; url: string } | undefined;
  return {
    owner: readJson(join(dir, 'owner.json')) as Owner | undefined,
    programs: [
      ...(noted ?? []).map(({ pid, script }) => ({ pid, mark: script })),
      ...(server === undefined ? [] : [{ pid: server.pid, mark: `:${new URL(server.url).port}` }]),
    ],
  };
}

/** Returns what a file of ours holds; undefined if it is missing, or torn by a kill. */
function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as unknown;
  } catch {
    return undefined;
  }
}
