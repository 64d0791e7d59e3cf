/** One Ctrl-C reaches a process from the terminal, and again from each launcher (npm) that passes it on, within moments. */
const ECHO_MS = 1000;

/** Signals that a process has received. */
export interface Signals {
  /** Aborted by the first signal: stop in order. */
  readonly stop: AbortSignal;
  /** Resolves with the first signal. */
  readonly received: Promise<void>;
  /** Aborted by the second signal: stop at once. */
  readonly hurry: AbortSignal;
  /** Name of the first signal. */
  name(): NodeJS.Signals | undefined;
  /** Acts as a first signal. */
  interrupt(): void;
  /** Acts as a second signal. */
  hurryUp(): void;
  /** Stops listening. Without it the listeners stay until the process ends, so that a late signal does not change its exit code. */
  close(): void;
}

interface SignalOptions {
  /** Emitter of the signals. Default: the process. */
  readonly source?: Pick<NodeJS.Process, 'on' | 'off'>;
  /** A monotonic clock, in milliseconds. */
  readonly now?: () => number;
}

/** Listens for signals, by default those of an orchestrator and of Ctrl-C. The echo of a signal does not count. */
export function listenForSignals(
  names: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT'],
  { source = process, now = () => performance.now() }: SignalOptions = {},
): Signals {
  const stop = new AbortController();
  const hurry = new AbortController();
  const received = new Promise<void>((resolve) => stop.signal.addEventListener('abort', () => resolve(), { once: true }));
  let name: NodeJS.Signals | undefined;
  let firstAt = 0;
  const listener = (signal: NodeJS.Signals): void => {
    if (name === undefined) {
      name = signal;
      firstAt = now();
      stop.abort();
    } else if (signal !== name || now() - firstAt >= ECHO_MS) {
      hurry.abort();
    }
  };
  for (const each of names) source.on(each, listener);
  return {
    stop: stop.signal,
    received,
    hurry: hurry.signal,
    name: () => name,
    interrupt: () => stop.abort(),
    hurryUp: () => hurry.abort(),
    close: () => {
      for (const each of names) source.off(each, listener);
    },
  };
}
