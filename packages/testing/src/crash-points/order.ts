/** A point at which a process dies: the nth request of this name since the process read its order. */
export interface CrashPoint {
  readonly request: string;
  /** Counted from 1. */
  readonly occurrence: number;
  /** Before the request is sent, or after its answer has arrived and before the process reads it. */
  readonly moment: 'before' | 'after';
}

/** The content of a tapped process's order file. */
export type TapOrder = { readonly kind: 'trace' } | { readonly kind: 'die'; readonly at: CrashPoint };

/** A request or an answer between a process and a server. */
export interface Step {
  readonly step: 'sent' | 'answered';
  readonly request: string;
  readonly occurrence: number;
}

/** A line of the trace file. */
export type TraceLine =
  /** The process has read its order, and counts from 1 again. */
  | { readonly armed: TapOrder['kind'] | 'not' }
  | Step
  /** The last line of a process that dies. */
  | { readonly died: CrashPoint };

/** The settings that the tap gets from the environment. */
export interface TapSettings {
  readonly orderFile: string;
  readonly traceFile: string;
  /** Servers on this machine, by their port. */
  readonly servers: Readonly<Record<string, 'redis' | 's3' | 'provider'>>;
}

/** Name of the environment variable that holds the settings, as JSON. */
export const TAP_VARIABLE = 'DARKROOM_TEST_TAP';
