import type { Service } from './service.ts';

export interface PulseOptions {
  /** Says whether beats must come now; while it says no, silence counts for nothing. */
  readonly isExpected: () => boolean;
  /** How often it is looked for beats, in milliseconds. Defaults to 5000. */
  readonly everyMs?: number;
  /** So many looks in a row without a beat are a standstill. Defaults to 60: five minutes. */
  readonly maxSilentLooks?: number;
}

/** Notices that a loop of this process does not turn any more. */
export interface Pulse extends Service {
  start(): Promise<void>;
  /** Called by the loop at each turn. */
  beat(): void;
  isSilent(): boolean;
}

/**
 * Creates a pulse. It counts its own looks instead of reading a clock: a process that was suspended, or whose clock was set, has
 * not stood still.
 */
export function createPulse({ isExpected, everyMs = 5000, maxSilentLooks = 60 }: PulseOptions): Pulse {
  let hasBeaten = true;
  let silentLooks = 0;
  let timer: NodeJS.Timeout | undefined;
  return {
    beat: () => void (hasBeaten = true),
    isSilent: () => silentLooks >= maxSilentLooks,
    async start() {
      timer ??= setInterval(() => {
        silentLooks = hasBeaten || !isExpected() ? 0 : silentLooks + 1;
        hasBeaten = false;
      }, everyMs).unref();
    },
    async stop() {
      clearInterval(timer);
    },
  };
}
