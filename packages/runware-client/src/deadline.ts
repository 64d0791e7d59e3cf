import { setMaxListeners } from 'node:events';

/** A limit on one request. It ends by time or by the caller's signal, and remembers which. */
export interface Deadline {
  /** Aborts after the time limit, or when the caller aborts. */
  signal: AbortSignal;
  /** Cause of the end; undefined until then. */
  endedBy(): 'timeout' | 'caller' | undefined;
  /** Releases the timer and the caller's signal. */
  stop(): void;
}

/** Starts a limit of `limitMs` milliseconds. Call `stop` when the request has ended and its body is read. */
export function startDeadline(limitMs: number, callerSignal?: AbortSignal): Deadline {
  const controller = new AbortController();
  let endedBy: 'timeout' | 'caller' | undefined;
  const end = (reason: 'timeout' | 'caller'): void => {
    endedBy ??= reason;
    controller.abort();
  };
  const onAbort = (): void => end('caller');
  const timer = setTimeout(() => end('timeout'), limitMs);
  // One signal ends all requests of a process; each takes its listener away when it ends.
  if (callerSignal !== undefined) setMaxListeners(0, callerSignal);
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
