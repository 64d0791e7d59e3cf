import { ConfigError } from '@darkroom/contracts';
import { captureOutput } from './logging/capture-output.ts';
import { createLogger, type Logger } from './logging/logger.ts';
import type { Service } from './service.ts';
import type { Environment } from './settings/environment.ts';
import { describeUnread, findUnreadSettings, MAX_TOLD_SETTINGS } from './settings/unknown-settings.ts';
import type { Signals } from './signals.ts';
import { readVersion } from './version.ts';

export interface RunOptions {
  /** Name of the process, on every line that it writes. */
  readonly name: string;
  /** Signals that stop the service; `launch` listens for them from before the service is loaded. */
  readonly signals: Signals;
  /**
   * Longest time for `stop` to finish work under way, in milliseconds; then it must hurry. Keep it under the orchestrator's grace period.
   */
  readonly drainMs: number;
  /** Longest time for `stop` once it must hurry, in milliseconds; then the process exits anyway. Defaults to 3000. */
  readonly hurryMs?: number;
  /** Checked for variables that look like settings of Darkroom but are not; each causes one warning. */
  readonly env?: Environment;
  /** Writes the lines of the process until the service provides its own logger. Standard output by default. */
  readonly logger?: Logger;
}

/** Time after which a process that has stopped in order but still holds something open ends, in milliseconds. */
const LEFT_OPEN_MS = 1000;

/**
 * Runs a service until a signal stops it. Sets `process.exitCode` and leaves the end to Node: 0 after an orderly stop, 1 if the service did
 * not start, did not stop in time or had to hurry. All output of the process meanwhile is a line of its logger, including that of libraries
 * and Node.
 *
 * The first signal stops the service, even during its start: it calls `stop`, which ends the start. A second signal, or `drainMs`, makes it
 * hurry. If the process is still alive after `hurryMs`, it exits.
 *
 * @param create Creates the service, without connecting or waiting.
 */
export async function runUntilSignal(create: () => Service | Promise<Service>, options: RunOptions): Promise<void> {
  const { name, signals, drainMs, hurryMs = 3000 } = options;
  let logger = options.logger ?? createLogger({ name });
  captureOutput(() => logger);
  let drained: NodeJS.Timeout | undefined;
  const beginStop = (): void => {
    // If nothing keeps the process alive during the stop, Node ends it: that is no orderly stop.
    process.exitCode = 1;
    drained = setTimeout(() => signals.hurryUp(), drainMs);
  };
  if (signals.stop.aborted) beginStop();
  else signals.stop.addEventListener('abort', beginStop);
  signals.hurry.addEventListener('abort', () => exitLater(hurryMs, logger));
  try {
    const service = await create();
    logger = service.logger ?? logger;
    logger.info({ event: 'process.starts', version: readVersion(), node: process.versions.node }, 'starting');
    const allUnread = findUnreadSettings(options.env ?? {});
    for (const unread of allUnread.slice(0, MAX_TOLD_SETTINGS))
      logger.warn({ event: 'setting.unread', setting: unread.name.slice(0, 64) }, `${unread.name.slice(0, 64)} ${describeUnread(unread)}`);
    if (allUnread.length > MAX_TOLD_SETTINGS)
      logger.warn({ event: 'setting.unread', more: allUnread.length - MAX_TOLD_SETTINGS }, 'more names look like settings and are not');
    const failed = await untilSignal(service, signals);
    if (failed === undefined) await stop(service, signals, logger);
    else {
      process.exitCode = 1;
      tellWhyNotStarted(failed.error, logger);
      await service.stop(AbortSignal.abort()).catch(() => undefined); // the error of the start is the one to report
    }
  } catch (error) {
    process.exitCode = 1;
    tellWhyNotStarted(error, logger);
  } finally {
    clearTimeout(drained);
    exitLater(signals.hurry.aborted ? hurryMs : LEFT_OPEN_MS, logger);
  }
}

/** Starts the service. @returns the error of a failed start, or undefined once a signal came, whatever the state of the start. */
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

/**
 * Exits later. Unreferenced: a process without anything left to do ends earlier. The only use of `process.exit` besides uncaught errors.
 */
function exitLater(afterMs: number, logger: Logger): void {
  setTimeout(() => {
    logger.warn({ afterMs, open: process.getActiveResourcesInfo() }, 'something is still open; exiting');
    process.exit();
  }, afterMs).unref();
}

/** Logs why the process did not start. Lists wrong settings one by one, without a stack. */
function tellWhyNotStarted(error: unknown, logger: Logger): void {
  const version = readVersion();
  if (error instanceof ConfigError) {
    const { code, problems, message } = error;
    logger.error({ version, code, problems }, `cannot start: ${message.split('\n', 1)[0]}`);
  } else {
    logger.error({ version, err: error }, 'cannot start');
  }
}
