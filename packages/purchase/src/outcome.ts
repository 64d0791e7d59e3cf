/**
 * What a run of a job decided. A run ends in a value; one module of the worker turns it into BullMQ's words. None of them is
 * a failure to BullMQ: submit and settle end by deadline or horizon, never because attempts ran out.
 */
export type Outcome =
  /** The submission is on its way; its settlement waits. */
  | { kind: 'submitted' }
  /** Nothing was left to do, or the submission has come home. */
  | { kind: 'finished' }
  /** Put back for later; does not count as an attempt. */
  | {
      kind: 'snooze';
      delayMs: number;
      why: string;
      /** The newest delivery that this run knew of: a newer one wakes the job at once. */ seenDelivery?: number;
    }
  /** Nothing can be sent now, whatever the order: this job is put back and the whole queue waits. */
  | { kind: 'throttle'; delayMs: number; why: string }
  /** Given back at once, because the process is stopping. */
  | { kind: 'release' };
