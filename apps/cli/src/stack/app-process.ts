import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { LocalStackError } from '@darkroom/contracts';
import type { Environment } from '@darkroom/service-runtime';
import type { ProcessRecord } from '../data-folder/left-overs.ts';

export interface AppProcessOptions {
  readonly name: string;
  /** The compiled program. */
  readonly script: string;
  /** Its whole environment. */
  readonly environment: Environment;
  /** Receives everything that the process prints; emptied first. */
  readonly logFile: string;
  /** Answers 200 when the process is ready. */
  readonly readyUrl: string;
  readonly record: ProcessRecord;
  /** Called if the process ends without a call of `stop`. */
  readonly onDeath: (error: LocalStackError) => void;
}

/** One of our apps as a child process. */
export interface AppProcess {
  /** Resolves when the process is ready. Rejects with LocalStackError if it ends first or is not ready in time. */
  readonly ready: Promise<void>;
  /** Asks the process to end and waits; kills it if it takes too long or `hurry` is aborted. May be called twice. */
  stop(hurry: AbortSignal): Promise<void>;
}

const READY_LIMIT_MS = 20_000;
/** A refusal by S3 or by the provider does not pass by itself: a start fails after the same reason for this long. */
const SAME_LIMIT_MS = 5000;
const STOP_LIMIT_MS = 10_000;

/** Starts the process. */
export function startApp(options: AppProcessOptions): AppProcess {
  const child = spawnApp(options);
  const gone = new AbortController();
  let isStopping = false;
  const exited = new Promise<void>((resolve) => {
    const end = (how: string): void => {
      const failure = failureOf(options, `ended ${how}`);
      gone.abort(failure);
      if (!isStopping) options.onDeath(failure);
      resolve();
    };
    child.once('error', (error) => end(`before it began: ${error.message}`));
    child.once('exit', (code, signal) => end(signal === null ? `with exit code ${code}` : `by ${signal}`));
  });
  // The child must not outlive this process.
  const killAtExit = (): void => void child.kill('SIGKILL');
  process.once('exit', killAtExit);
  void exited.then(() => process.off('exit', killAtExit));

  return {
    ready: untilReady(options, gone.signal),
    async stop(hurry) {
      isStopping = true;
      child.kill('SIGTERM');
      const kill = (): void => void child.kill('SIGKILL');
      const late = setTimeout(kill, STOP_LIMIT_MS);
      hurry.addEventListener('abort', kill, { once: true });
      if (hurry.aborted) kill();
      await exited;
      clearTimeout(late);
      hurry.removeEventListener('abort', kill);
    },
  };
}

function spawnApp({ script, environment, logFile, record }: AppProcessOptions): ChildProcess {
  const log = openSync(logFile, 'w');
  try {
    const child = spawn(process.execPath, ['--enable-source-maps', script], {
      env: { ...environment },
      stdio: ['ignore', log, log],
      // In a process group of its own, so that Ctrl-C reaches this process alone, which stops the others in order.
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
    if (child.pid !== undefined) record.add(child.pid, script);
    return child;
  } finally {
    closeSync(log);
  }
}

async function untilReady(options: AppProcessOptions, gone: AbortSignal): Promise<void> {
  const startedAt = performance.now();
  let [refusal, refusedSince] = ['', startedAt];
  for (;;) {
    const reasons = await findReasons(options.readyUrl, gone);
    if (reasons === undefined) return;
    gone.throwIfAborted();
    const now = performance.now();
    const reason = reasons.map(({ name, outcome }) => `${name}: ${outcome}`).join('; ');
    const refused = reasons.flatMap(({ name, outcome }) => (name === 's3' || name === 'provider' ? [outcome] : [])).join();
    if (refused !== refusal) [refusal, refusedSince] = [refused, now];
    const isRefused = refusal !== '' && now - refusedSince > SAME_LIMIT_MS;
    if (isRefused || now - startedAt > READY_LIMIT_MS)
      throw failureOf(options, `is not ready after ${Math.round((now - startedAt) / 1000)} s: ${reason}`);
    await delay(25);
  }
}

interface Reason {
  /** Name of the readiness check that failed, and its outcome. */
  readonly name: string;
  readonly outcome: string;
}

/** Returns the checks that fail on the /readyz of a process; undefined if it is ready. */
async function findReasons(url: string, signal: AbortSignal): Promise<readonly Reason[] | undefined> {
  try {
    // Not kept alive: an idle connection would delay the stop of the server.
    const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(2000)]), headers: { connection: 'close' } });
    const answer = await response.text();
    if (response.ok) return undefined;
    const { checks } = JSON.parse(answer) as { checks: Record<string, string> }; // the body of every /readyz that is not ok
    return Object.entries(checks)
      .filter(([, outcome]) => outcome !== 'ok')
      .map(([name, outcome]) => ({ name, outcome }));
  } catch {
    return [{ name: 'health', outcome: 'it does not answer' }];
  }
}

const SHOWN_LINES = 15;

function failureOf({ name, logFile }: AppProcessOptions, what: string): LocalStackError {
  const lines = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-SHOWN_LINES);
  const shown =
    lines.join('\n') === '' ? 'it printed nothing' : `the last lines of "${logFile}":\n${lines.map((line) => `  ${line}`).join('\n')}`;
  return new LocalStackError(`the ${name} ${what}; ${shown}`);
}
