import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { isAlive } from '@darkroom/local-stack';
import { builtApp, eventually, findMarkedProcesses, type RunProcess } from '@darkroom/testing';
import { onTestFinished } from 'vitest';

export const root = fileURLToPath(new URL('../../..', import.meta.url));

/** A running `darkroom` command. */
export interface Cli {
  /** Returns everything that it has printed so far. */
  output(): string;
  /** Returns what it has printed to standard output so far. */
  results(): string;
  readonly pid: number | undefined;
  signal(signal: NodeJS.Signals): void;
  /** Resolves when the process has ended. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Waits until it has printed this text. */
  printed(text: string | RegExp): Promise<void>;
}

/** An empty data folder in which a test runs `darkroom start`, once or several times. */
export interface World {
  readonly dir: string;
  start(words?: readonly string[], environment?: Readonly<Record<string, string>>): Cli;
  /** Lists the apps that run in this world. */
  apps(): Promise<RunProcess[]>;
  /** Returns the process id of its Redis, if one runs. `apps` cannot find it: Redis overwrites the environment that holds the mark. */
  redisPid(): number | undefined;
  /** Describes what still runs or listens in this world; nothing after an orderly end. */
  leftRunning(): Promise<string[]>;
  readJson(name: string): unknown;
  readLines(name: string): string[];
  /** Counts the images that the emulator has made and charged, by its bill. */
  executions(): number;
}

/** Creates a world. @param atEnd Calls what removes it with everything in it: at the end of the test, or `afterAll` for a file. */
export function createWorld(atEnd: (remove: () => Promise<void>) => void = onTestFinished): World {
  const dir = mkdtempSync(path.join(tmpdir(), 'darkroom-cli-'));
  const mark = `CLI_TEST_WORLD=${randomUUID()}`;
  const apps = () => findMarkedProcesses(mark);
  const redisPid = (): number | undefined => {
    try {
      return (readJson('redis/processes.json') as { programs: { pid: number }[] }).programs[0]?.pid;
    } catch {
      return undefined;
    }
  };
  const readJson = (name: string): unknown => JSON.parse(readFileSync(path.join(dir, name), 'utf8'));
  const readLines = (name: string): string[] => readFileSync(path.join(dir, name), 'utf8').trimEnd().split('\n');
  const leftRunning = async (): Promise<string[]> => {
    const ports = Object.entries(readJson('ports.json') as Record<string, number>);
    const listening = await Promise.all(ports.map(async ([name, port]) => ((await isListening(port)) ? [`${name} on port ${port}`] : [])));
    return [...(await apps()).map(({ commandLine }) => commandLine), ...listening.flat()];
  };
  const running: Cli[] = [];
  atEnd(async () => {
    for (const cli of running) cli.signal('SIGKILL');
    await Promise.all(running.map(({ ended }) => ended));
    const left = [...(await apps()).map(({ pid }) => pid), ...[redisPid()].filter((pid) => pid !== undefined)];
    for (const pid of left) process.kill(pid, 'SIGKILL');
    await eventually(() => {
      if (left.some(isAlive)) throw new Error('processes of the world are still running');
    });
    rmSync(dir, { recursive: true, force: true });
  });
  return {
    dir,
    apps,
    redisPid,
    leftRunning,
    readJson,
    start(words = [], environment = {}) {
      const [name = '', value = ''] = mark.split('=');
      const cli = spawnCli(['start', '--data-dir', dir, ...words], { ...environment, [name]: value });
      running.push(cli);
      return cli;
    },
    readLines,
    executions: () => readLines('kept/emulator/bill.jsonl').filter((line) => line.includes('"kind":"execution"')).length,
  };
}

/** Starts the compiled program, with pipes instead of a terminal. */
export function spawnCli(words: readonly string[], environment: Readonly<Record<string, string>> = {}): Cli {
  // Tests set it for themselves; a program must need no such setting.
  const { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: _, ...inherited } = process.env;
  const child = spawn(process.execPath, ['--enable-source-maps', builtApp('cli'), ...words], {
    cwd: root,
    env: { ...inherited, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let results = '';
  child.stdout.on('data', (text: string) => (results += text));
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  return {
    output: () => output,
    results: () => results,
    pid: child.pid,
    signal: (signal) => void child.kill(signal),
    ended,
    printed: (text) =>
      eventually(
        () => {
          const isThere = typeof text === 'string' ? output.includes(text) : text.test(output);
          if (!isThere) throw new Error(`${String(text)} is not in:\n${output}`);
        },
        { withinMs: 60_000 },
      ),
  };
}

/** Resolves to true if a process listens on this port of this machine. */
const isListening = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const finish = (listening: boolean): void => {
      socket.destroy();
      resolve(listening);
    };
    socket.once('connect', () => finish(true));
    socket.once('error', () => finish(false));
  });
