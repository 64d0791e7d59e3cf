import { taskUuidOf, type ProviderFault, type SubmissionRef, type TaskState, type TrailEntry } from '@darkroom/contracts';
import type { PollLeg, PollTurn, SubmissionView } from '@darkroom/generation-store';
import type { Purchase } from './purchase.ts';

/** What the provider says of a task. Without an end, `shows` is there when both questions were answered: "nothing" if neither knows it. */
export type Asked =
  | Exclude<TaskState, { kind: 'inconclusive' }>
  | { kind: 'inconclusive'; fault?: ProviderFault; shows?: TrailEntry | 'nothing' }
  | { kind: 'wait'; delayMs: number };

/**
 * Takes a turn to ask the provider. What it may not know is asked about twice, and both questions are put together: an answer that is
 * minutes old says nothing of now.
 */
export const takeTurn = ({ store }: Purchase, ref: SubmissionRef, leg: PollLeg, questions: 1 | 2, isEarly = false): Promise<PollTurn> =>
  store.takePollTurn(ref, { leg, questions, ...(isEarly ? { isEarly } : {}) });

/**
 * Asks what became of a submission: the poll first, the audit trail when the poll answered that it knows nothing. Each question has a
 * place in the line of the fleet. `wait` when a second one has none now: both are put at the next turn then.
 *
 * The audit trail keeps the last response to an id, which after a re-send may be the refusal of that re-send. A failure that
 * only it knows is therefore believed of a submission that was sent once.
 * @param turn As many questions as were granted.
 */
export async function askProvider(
  { store, provider }: Purchase,
  ref: SubmissionRef,
  { sends }: Pick<SubmissionView, 'sends'>,
  turn: { leg: PollLeg; questions: number },
  signal?: AbortSignal,
): Promise<Asked> {
  const taskUUID = taskUuidOf(ref);
  const polled = await provider.lookUp(taskUUID, signal);
  if (polled.kind !== 'inconclusive') return polled;
  const fault = polled.fault === undefined ? {} : { fault: polled.fault };
  if (polled.known || !hasAnswered(polled.fault))
    return { kind: 'inconclusive', ...fault, ...(polled.known && polled.fault === undefined ? { shows: 'task' } : {}) };
  if (turn.questions < 2) {
    const another = await store.takePollTurn(ref, { leg: turn.leg, questions: 1, booked: 2 });
    if (another.kind === 'wait') return another;
  }
  const audited = await provider.lookUpDetails(taskUUID, signal);
  if (audited.kind === 'failed' && sends > 1) return { kind: 'inconclusive', ...fault, shows: 'other' };
  if (audited.kind !== 'inconclusive') return audited;
  const shows = audited.shows ?? (hasAnswered(audited.fault) ? 'nothing' : undefined);
  return shows === undefined
    ? { kind: 'inconclusive', ...(audited.fault === undefined ? {} : { fault: audited.fault }) }
    : { kind: 'inconclusive', ...fault, shows };
}

/** Trouble on the way says nothing of what the poll knows. */
const hasAnswered = (fault: ProviderFault | undefined): fault is undefined | (ProviderFault & { class: 'not-found' }) =>
  fault === undefined || fault.class === 'not-found';
