import type { Service } from './service.ts';

export interface PulseOptions {
  /** Returns true while beats must come; otherwise silence does not count. */
  readonly isExpected: () => boolean;
  /** Interval between two checks, in milliseconds. Defaults to 5000. */
  readonly everyMs?: number;
  /** Consecutive checks without a beat that make a standstill. Defaults to 60: five minutes. */
  readonly maxSilentChecks?: number;
}

/** Notices a standstill of a loop of this process. */
export interface Pulse extends Service {
  start(): Promise<void>;
  /** Called by the loop in each turn. */
  beat(): void;
  isSilent(): boolean;
}

/**
 * Creates a pulse. It counts its own checks instead of reading a clock: a process that was suspended, or whose clock was set, has not stood
 * still.
 */
export function createPulse({ isExpected, everyMs = 5000, maxSilentChecks = 60 }: PulseOptions): Pulse {
  let hasBeaten = true;
  let silentChecks = 0;
  let timer: NodeJS.Timeout | undefined;
  return {
    beat: () => void (hasBeaten = true),
    isSilent: () => silentChecks >= maxSilentChecks,
    async start() {
      timer ??= setInterval(() => {
        silentChecks = hasBeaten || !isExpected() ? 0 : silentChecks + 1;
        hasBeaten = false;
      }, everyMs).unref();
    },
    async stop() {
      clearInterval(timer);
    },
  };
}
