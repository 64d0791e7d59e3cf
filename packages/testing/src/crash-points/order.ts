/** A place where a process dies: the nth request of this name since it was armed. */
export interface CrashPoint {
  readonly request: string;
  /** From 1. */
  readonly occurrence: number;
  /** Nothing of it was sent; or its answer has come, and nobody has read it. */
  readonly moment: 'before' | 'after';
}

/** What a tapped process is told by its order file. */
export type TapOrder = { readonly kind: 'trace' } | { readonly kind: 'die'; readonly at: CrashPoint };

/** Something that a process and one of its servers said to each other. */
export interface Step {
  readonly step: 'sent' | 'answered';
  readonly request: string;
  readonly occurrence: number;
}

/** A line of its trace file. */
export type TraceLine =
  /** The order was read; counting begins anew. */
  | { readonly armed: TapOrder['kind'] | 'not' }
  | Step
  /** Its last words. */
  | { readonly died: CrashPoint };

/** What the tap is told by the environment. */
export interface TapSettings {
  readonly orderFile: string;
  readonly traceFile: string;
  /** The servers by the port they listen on, on this machine. */
  readonly servers: Readonly<Record<string, 'redis' | 's3' | 'provider'>>;
}

/** The variable of the environment that holds them, as JSON. */
export const TAP_VARIABLE = 'DARKROOM_TEST_TAP';
