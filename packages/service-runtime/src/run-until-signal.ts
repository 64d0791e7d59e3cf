import { hasCode } from '@darkroom/contracts';
import { describeErrorChain } from './logging/describe-error.ts';
import { silentLogger, type Logger } from './logging/logger.ts';
import { redactText } from './logging/redact-text.ts';
import type { Service } from './service.ts';

export interface RunOptions {
  /** Signals that stop the service. Defaults to SIGTERM (an orchestrator) and SIGINT (Ctrl-C). */
  readonly signals?: readonly NodeJS.Signals[];
  /** How long `stop` may wait for what is under way, in milliseconds; then it is told to hurry. Keep it under the grace period of the orchestrator. */
  readonly drainMs: number;
  /** How long `stop` may take once it was told to hurry, in milliseconds; then the process exits all the same. Defaults to 3000. */
  readonly hurryMs?: number;
  readonly logger?: Logger;
  /** Where it is said why the service did not start. Standard error by default. */
  readonly report?: (text: string) => void;
}

/** One Ctrl-C reaches a process from the terminal and again from each launcher (npm) that passes it on, within moments. */
const ECHO_MS = 1000;

/**
 * Runs a service until a signal stops it; the body of every `main.ts`. Sets `process.exitCode` and leaves the end to Node:
 * 0 after an orderly stop, 1 when it did not start, did not stop in time or was told to hurry.
 *
 * The first signal stops the service, also one that arrives while it starts. A second one, or `drainMs`, tells it to hurry.
 * If something still keeps the process alive after `hurryMs`, it exits: the only use of `process.exit`.
 *
 * @param start Starts the service; the signal is aborted when there is no point in going on.
 */
export async function runUntilSignal(start: (stopping: AbortSignal) => Promise<Service>, options: RunOptions): Promise<void> {
  const { drainMs, hurryMs = 3000, logger = silentLogger, report = (text) => process.stderr.write(text) } = options;
  const signals = listenForSignals(options.signals ?? ['SIGTERM', 'SIGINT']);
  let drained: NodeJS.Timeout | undefined;
  signals.first.addEventListener('abort', () => {
    // If nothing keeps the process alive while it stops, Node ends it: that was no orderly stop.
    process.exitCode = 1;
    drained = setTimeout(() => signals.hurry.abort(), drainMs);
  });
  signals.hurry.signal.addEventListener('abort', () => exitLater(hurryMs, logger));
  try {
    const service = await startUnlessStopping(start, signals.first);
    await signals.received;
    await stop(service, signals, logger);
  } catch (error) {
    process.exitCode = 1;
    report(explain(error));
  } finally {
    clearTimeout(drained);
    signals.close();
    exitLater(hurryMs, logger);
  }
}

async function stop(service: Service, signals: Signals, logger: Logger): Promise<void> {
  logger.info({ signal: signals.name() }, 'stopping');
  try {
    await service.stop(signals.hurry.signal);
    const hurried = signals.hurry.signal.aborted;
    if (!hurried) process.exitCode = 0;
    logger.info({ hurried }, 'stopped');
  } catch (error) {
    logger.error({ err: error }, 'could not stop');
  }
}

async function startUnlessStopping(start: (stopping: AbortSignal) => Promise<Service>, stopping: AbortSignal): Promise<Service> {
  const service = await start(stopping);
  if (stopping.aborted) return service;
  try {
    await service.start?.();
  } catch (error) {
    await service.stop().catch(() => undefined); // the reason why it did not start is the one to tell
    throw error;
  }
  return service;
}

interface Signals {
  /** Aborted by the first signal; `received` resolves with it. */
  readonly first: AbortSignal;
  readonly received: Promise<void>;
  /** Aborted by the second one. */
  readonly hurry: AbortController;
  name(): NodeJS.Signals | undefined;
  close(): void;
}

function listenForSignals(names: readonly NodeJS.Signals[]): Signals {
  const first = new AbortController();
  const hurry = new AbortController();
  const { promise: received, resolve } = createPromise();
  let name: NodeJS.Signals | undefined;
  let firstAt = 0;
  const listener = (signal: NodeJS.Signals) => {
    if (name === undefined) {
      name = signal;
      firstAt = performance.now();
      first.abort();
      resolve();
    } else if (signal !== name || performance.now() - firstAt >= ECHO_MS) {
      hurry.abort();
    }
  };
  for (const signal of names) process.on(signal, listener);
  return {
    first: first.signal,
    received,
    hurry,
    name: () => name,
    close: () => {
      for (const signal of names) process.off(signal, listener);
    },
  };
}

function createPromise(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}

/** Unreferenced: a process that has nothing left to do ends before it. */
function exitLater(afterMs: number, logger: Logger): void {
  setTimeout(() => {
    logger.warn({ afterMs, open: process.getActiveResourcesInfo() }, 'something is still open; exiting');
    process.exit();
  }, afterMs).unref();
}

/** Settings that are wrong are told as they are; anything else with its causes and its stack. */
function explain(error: unknown): string {
  // It holds no secret (`readSettings`), and "RUNWARE_API_KEY: is missing" reads like one.
  if (hasCode(error, 'config.invalid') && error instanceof Error) return `cannot start: ${error.message}\n`;
  const stack = error instanceof Error && error.stack !== undefined ? `\n${error.stack.split('\n').slice(1).join('\n')}` : '';
  return `cannot start: ${redactText(describeErrorChain(error) + stack)}\n`;
}
