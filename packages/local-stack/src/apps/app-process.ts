import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { defined, type LocalStackError } from '@darkroom/contracts';
import { freePort } from '../free-port.ts';
import { checkUrl } from '../processes/check-url.ts';
import type { OwnFolder } from '../processes/own-folder.ts';
import { startProgram, type Environment, type Program } from '../processes/program.ts';
import { addressApp, type AppName } from './environments.ts';

/** The place of every app of one Darkroom. */
export interface AppPlace {
  /** Folder that holds `apps/`, built. */
  readonly root: string;
  /** The Node binary; that of this process when absent. */
  readonly node?: string | undefined;
  /** Folder of the logs, one for each process; a log that a person will read begins with the start. */
  readonly logs: string;
  /** Environment of every process, beside its own settings. */
  readonly environment: Environment;
  /** For apps that a person started. Without it a process may die, and a test starts it again. */
  readonly watch?: AppWatch | undefined;
}

export interface AppWatch {
  /** Notes each process, so that the next start ends those that a kill leaves behind. */
  readonly folder: OwnFolder;
  /** Called if a process ends without a call of `stop`. */
  readonly onDeath: (error: LocalStackError) => void;
}

export interface AppOptions {
  readonly app: AppName;
  /** Its name in logs and errors; that of the app when absent. */
  readonly name?: string;
  /** Its own settings, without those that bind it to its port. */
  readonly env: Readonly<Record<string, string>>;
  /** A free port when absent. */
  readonly port?: number | undefined;
  /** Path that answers 200 when it is ready, if not the usual one. */
  readonly readyPath?: '/livez' | undefined;
}

/** A process of an app that can be ended and started again, with the same settings and on the same port. */
export interface AppProcess {
  readonly name: string;
  readonly url: string;
  /** Its own settings; commands of an operator get the same. */
  readonly env: Readonly<Record<string, string>>;
  /** Process id of its last start. */
  readonly pid: number | undefined;
  /** Starts it and waits until it is ready. @throws LocalStackError if it ends first or is not ready in time. */
  start(): Promise<void>;
  /** Sends SIGTERM and waits; kills it at the limit, or once `hurry` aborts. May be called twice. @returns the exit code. */
  stop(hurry?: AbortSignal): Promise<number | null>;
  /** Sends SIGKILL. Resolves when the process is gone. */
  kill(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  isRunning(): boolean;
  log(): Promise<string>;
}

/**
 * Longest time for a process to be ready: a busy machine takes twenty seconds to load one. If it exits, or if S3 or the provider refuses it for
 * seconds, the failure is reported earlier.
 */
const READY_MS = 60_000;
/** Longest time for a process to stop that a person watches; tests on a busy machine get more. */
const WATCHED_STOP_MS = 10_000;
const TEST_STOP_MS = 60_000;

/** Describes a process of an app; nothing runs before `start`. */
export async function describeApp(
  { root, node, logs, environment, watch }: AppPlace,
  { app, name = app, env, port, readyPath }: AppOptions,
): Promise<AppProcess> {
  const address = addressApp(app, root, port ?? (await freePort()));
  const logFile = `${logs}/${name}.log`;
  let program: Program | undefined;
  let isStopping = false;
  return {
    name,
    url: address.url,
    env,
    get pid() {
      return program?.child.pid;
    },
    async start() {
      isStopping = false;
      if (watch !== undefined) writeFileSync(logFile, '');
      const started = startProgram({
        name,
        args: ['--enable-source-maps', address.script],
        environment: { ...environment, ...env, ...address.environment },
        logFile,
        hasOwnGroup: watch !== undefined,
        ...defined({ command: node }),
      });
      program = started;
      if (watch !== undefined) {
        if (started.child.pid !== undefined) watch.folder.note(started.child.pid, address.script);
        void started.ended.then((how) => void (isStopping || watch.onDeath(started.failure(`ended ${how}`))));
      }
      const readyUrl = readyPath === undefined ? address.readyUrl : `${address.url}${readyPath}`;
      await started.untilReady(checkUrl(readyUrl, watch !== undefined), READY_MS);
    },
    async stop(hurry) {
      isStopping = true;
      return (await program?.stop(watch === undefined ? TEST_STOP_MS : WATCHED_STOP_MS, hurry)) ?? null;
    },
    async kill() {
      isStopping = true;
      await program?.kill();
    },
    signal: (signal) => void program?.child.kill(signal),
    isRunning: () => program?.isRunning() ?? false,
    log: () => readFile(logFile, 'utf8'),
  };
}
