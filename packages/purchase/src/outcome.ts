import type { FairPlace } from '@darkroom/generation-store';

/**
 * The decision of a run. A run ends in a value, and one module of the worker turns it into BullMQ's errors. No decision is a failure to
 * BullMQ: submit and settle end by deadline or horizon, never because attempts ran out.
 */
export type Outcome =
  /** The submission is on its way, and its settlement waits. */
  | { kind: 'submitted' }
  /** The submission has come home, or the run had nothing to do. */
  | { kind: 'finished' }
  /** The job is put back for later. This counts as no attempt. */
  | {
      kind: 'snooze';
      delayMs: number;
      why: string;
      /** Number of the newest delivery that this run knew of; a newer one wakes the job at once. */ seenDelivery?: number;
    }
  /** The job is put back to its number in the fair line; first, a more urgent job of the same tenant is put to its own. */
  | ({ kind: 'renumber' } & FairPlace)
  /** No order can be sent now: this job is put back and the whole queue waits. */
  | { kind: 'throttle'; delayMs: number; why: string }
  /** The job is given back at once, because the process stops. */
  | { kind: 'release' };
