import { ConfigError } from '@darkroom/contracts';
import { captureOutput } from './logging/capture-output.ts';
import { createLogger, type Logger } from './logging/logger.ts';
import type { Service } from './service.ts';
import type { Environment } from './settings/environment.ts';
import { describeUnread, findUnreadSettings } from './settings/unknown-settings.ts';
import type { Signals } from './signals.ts';

export interface RunOptions {
  /** The name of the process, on every line that it writes. */
  readonly name: string;
  /** The signals that stop the service, for which `launch` listens since before the service was loaded. */
  readonly signals: Signals;
  /** How long `stop` may wait for what is under way, in milliseconds; then it is told to hurry. Keep it under the grace period of the orchestrator. */
  readonly drainMs: number;
  /** How long `stop` may take once it was told to hurry, in milliseconds; then the process exits all the same. Defaults to 3000. */
  readonly hurryMs?: number;
  /** Checked for variables that look like settings of Darkroom and are none: each is warned of once. */
  readonly env?: Environment;
  /** Writes the lines of the process until the service brings its own logger. Standard output by default. */
  readonly logger?: Logger;
}

/** A process that has stopped in order and still holds something open ends after this time, in milliseconds. */
const LEFT_OPEN_MS = 1000;

/**
 * Runs a service until a signal stops it. Sets `process.exitCode` and leaves the end to Node:
 * 0 after an orderly stop, 1 when it did not start, did not stop in time or was told to hurry. Everything that the process
 * writes meanwhile is a line of its logger, also what libraries and Node itself print.
 *
 * The first signal stops the service, also one that arrives while it starts: `stop` is called then and ends the start. A second
 * one, or `drainMs`, tells it to hurry. If something still keeps the process alive after `hurryMs`, it exits.
 *
 * @param create Creates the service, and connects and waits for nothing.
 */
export async function runUntilSignal(create: () => Service | Promise<Service>, options: RunOptions): Promise<void> {
  const { name, signals, drainMs, hurryMs = 3000 } = options;
  let logger = options.logger ?? createLogger({ name });
  captureOutput(() => logger);
  let drained: NodeJS.Timeout | undefined;
  const beginStop = (): void => {
    // If nothing keeps the process alive while it stops, Node ends it: that was no orderly stop.
    process.exitCode = 1;
    drained = setTimeout(() => signals.hurryUp(), drainMs);
  };
  if (signals.stop.aborted) beginStop();
  else signals.stop.addEventListener('abort', beginStop);
  signals.hurry.addEventListener('abort', () => exitLater(hurryMs, logger));
  try {
    const service = await create();
    logger = service.logger ?? logger;
    for (const unread of findUnreadSettings(options.env ?? {}))
      logger.warn({ event: 'setting.unread', setting: unread.name.slice(0, 64) }, `${unread.name.slice(0, 64)} ${describeUnread(unread)}`);
    const failed = await untilSignal(service, signals);
    if (failed === undefined) await stop(service, signals, logger);
    else {
      process.exitCode = 1;
      tellWhyNotStarted(failed.error, logger);
      await service.stop(AbortSignal.abort()).catch(() => undefined); // the reason why it did not start is the one to tell
    }
  } catch (error) {
    process.exitCode = 1;
    tellWhyNotStarted(error, logger);
  } finally {
    clearTimeout(drained);
    exitLater(signals.hurry.aborted ? hurryMs : LEFT_OPEN_MS, logger);
  }
}

/** Starts the service. @returns why it did not start, or undefined once there was a signal, whatever the start has come to. */
async function untilSignal(service: Service, signals: Signals): Promise<{ error: unknown } | undefined> {
  if (signals.stop.aborted) return undefined;
  const started = (async () => service.start?.())().then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  const failed = await Promise.race([started, signals.received.then(() => undefined)]);
  if (failed !== undefined && !signals.stop.aborted) return failed;
  await signals.received;
  return undefined;
}

async function stop(service: Service, signals: Signals, logger: Logger): Promise<void> {
  logger.info({ signal: signals.name() }, 'stopping');
  try {
    await service.stop(signals.hurry);
    const hurried = signals.hurry.aborted;
    if (!hurried) process.exitCode = 0;
    logger.info({ hurried }, 'stopped');
  } catch (error) {
    logger.error({ err: error }, 'could not stop in order');
  }
}

/** Unreferenced: a process that has nothing left to do ends before it. The only use of `process.exit` beside a broken process. */
function exitLater(afterMs: number, logger: Logger): void {
  setTimeout(() => {
    logger.warn({ afterMs, open: process.getActiveResourcesInfo() }, 'something is still open; exiting');
    process.exit();
  }, afterMs).unref();
}

/** Settings that are wrong are told one by one, without a stack. */
function tellWhyNotStarted(error: unknown, logger: Logger): void {
  if (error instanceof ConfigError) {
    const { code, problems, message } = error;
    logger.error({ code, problems }, `cannot start: ${message.split('\n', 1)[0]}`);
  } else {
    logger.error({ err: error }, 'cannot start');
  }
}
