/** One Ctrl-C reaches a process from the terminal and again from each launcher (npm) that passes it on, within moments. */
const ECHO_MS = 1000;

/** The signals that a process has received. */
export interface Signals {
  /** Aborted by the first signal; `received` resolves with it. */
  readonly first: AbortSignal;
  readonly received: Promise<void>;
  /** Aborted by the second one. */
  readonly hurry: AbortController;
  name(): NodeJS.Signals | undefined;
}

/** An orchestrator's, and Ctrl-C. */
const NAMES = ['SIGTERM', 'SIGINT'] as const;

/**
 * Listens to the end of the process, so that a late signal does not change its exit code; the echo of a signal counts for nothing.
 */
export function listenForSignals(): Signals {
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
  for (const signal of NAMES) process.on(signal, listener);
  return {
    first: first.signal,
    received,
    hurry,
    name: () => name,
  };
}

function createPromise(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}
