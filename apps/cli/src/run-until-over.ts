import { createClosing, type Closing } from '@darkroom/local-stack';
import type { Signals } from '@darkroom/service-runtime/launch';
import type { Terminal } from './terminal.ts';

/** Exit codes as shells know them: 130 is "ended by Ctrl-C". */
export type RunExitCode = 0 | 1 | 130;

/** Output and signals of a run. */
export interface RunContext {
  readonly terminal: Terminal;
  readonly signals: Pick<Signals, 'stop' | 'hurry'>;
}

/**
 * Runs work that starts processes, says why it cannot continue, and stops everything that it started.
 * @param work `over` is aborted by a signal, and by all that the work aborts it for: a pause because of the account, an app that died.
 * @returns the code of the work; 130 if it failed after a signal; 1 if it failed otherwise.
 */
export async function runUntilOver(
  { terminal, signals }: RunContext,
  work: (closing: Closing, over: AbortController) => Promise<RunExitCode>,
): Promise<RunExitCode> {
  const closing = createClosing();
  const over = new AbortController();
  const onStop = (): void => over.abort();
  signals.stop.addEventListener('abort', onStop);
  if (signals.stop.aborted) onStop();
  try {
    return await work(closing, over);
  } catch (error) {
    if (signals.stop.aborted) return 130;
    terminal.complain(`\ncannot continue: ${messageOf(error)}`);
    return 1;
  } finally {
    terminal.print(terminal.paint('dim', 'stopping …'));
    for (const failure of await closing.closeAll(signals.hurry)) terminal.complain(`while stopping: ${messageOf(failure)}`);
    signals.stop.removeEventListener('abort', onStop);
  }
}

/** Waits until a run is over. @throws the error of an app that died; nothing after a signal. */
export async function untilOver(signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  if (signal.reason instanceof Error && signal.reason.name !== 'AbortError') throw signal.reason;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
