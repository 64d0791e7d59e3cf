/** Ctrl-C, a closed terminal or an orchestrator: what was asked of this process from outside. */
export interface Interruption {
  /** Aborted by the first signal: stop in order. */
  readonly stop: AbortSignal;
  /** Aborted by the second one: stop at once. */
  readonly hurry: AbortSignal;
  /** Acts as a first signal would. */
  interrupt(): void;
  close(): void;
}

/** One Ctrl-C reaches a process from the terminal, and again from each launcher (npm) that passes it on, within moments. */
const ECHO_MS = 1000;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Listens for signals until it is closed.
 * @param source Where signals arrive: the process.
 * @param now A clock that never runs back, in milliseconds.
 */
export function listenForInterruption(
  source: Pick<NodeJS.Process, 'on' | 'off'>,
  now: () => number = () => performance.now(),
): Interruption {
  const stop = new AbortController();
  const hurry = new AbortController();
  let firstAt: number | undefined;
  const onSignal = (): void => {
    if (firstAt === undefined) {
      firstAt = now();
      stop.abort();
    } else if (now() - firstAt >= ECHO_MS) {
      hurry.abort();
    }
  };
  for (const signal of SIGNALS) source.on(signal, onSignal);
  return {
    stop: stop.signal,
    hurry: hurry.signal,
    interrupt: () => stop.abort(),
    close: () => {
      for (const signal of SIGNALS) source.off(signal, onSignal);
    },
  };
}
