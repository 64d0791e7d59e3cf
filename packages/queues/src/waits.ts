import type { SubmissionRef } from '@darkroom/contracts';
import type { Settlements } from './settlements.ts';
import type { Submissions } from './submissions.ts';

/** The jobs of a purchase, by what a run does with them. */
export interface Waits {
  /** Parks the settlement of a submission. @param check False if no job of this submission can have existed before. */
  park(ref: SubmissionRef, delayMs: number, check: boolean): Promise<void>;
  addSubmission(ref: SubmissionRef, delayMs: number): Promise<void>;
  /** Restores the submission's job, to run now. @param options `ahead`: before all other submissions. */
  reviveSubmission(ref: SubmissionRef, options?: { ahead: boolean }): Promise<void>;
}

/** Joins both queues to the waits of a purchase. */
export const buildWaits = (submissions: Pick<Submissions, 'add' | 'revive'>, settlements: Pick<Settlements, 'park'>): Waits => ({
  park: (ref, delayMs, check) => settlements.park(ref, delayMs, check),
  addSubmission: (ref, delayMs) => submissions.add([ref], delayMs),
  reviveSubmission: (ref, options) => submissions.revive(ref, options),
});
