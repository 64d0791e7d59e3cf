/** A limit on one request: it ends by time or because the caller gave up, and tells which. */
export interface Deadline {
  /** Aborts when the limit is over or the caller aborts. */
  signal: AbortSignal;
  /** Why it ended; undefined while it has not. */
  endedBy(): 'timeout' | 'caller' | undefined;
  /** Lets go of the timer and of the caller's signal. */
  stop(): void;
}

/** Starts a limit of `limitMs` milliseconds; `stop` must be called when the request is over, read body included. */
export function startDeadline(limitMs: number, callerSignal?: AbortSignal): Deadline {
  const controller = new AbortController();
  let endedBy: 'timeout' | 'caller' | undefined;
  const end = (reason: 'timeout' | 'caller'): void => {
    endedBy ??= reason;
    controller.abort();
  };
  const onAbort = (): void => end('caller');
  const timer = setTimeout(() => end('timeout'), limitMs);
  callerSignal?.addEventListener('abort', onAbort, { once: true });
  if (callerSignal?.aborted === true) onAbort();
  return {
    signal: controller.signal,
    endedBy: () => endedBy,
    stop: () => {
      clearTimeout(timer);
      callerSignal?.removeEventListener('abort', onAbort);
    },
  };
}
