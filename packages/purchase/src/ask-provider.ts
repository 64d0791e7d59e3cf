import { defined, taskUuidOf, type ProviderFault, type SubmissionRef, type TaskState, type TrailEntry } from '@darkroom/contracts';
import type { PollLeg, PollTurn, SubmissionView } from '@darkroom/generation-store';
import type { Purchase } from './purchase.ts';

/**
 * The provider's answer about a task. An inconclusive one has `shows` if both questions were answered: "nothing" if neither knows the task.
 */
export type Asked =
  | Exclude<TaskState, { kind: 'inconclusive' }>
  | { kind: 'inconclusive'; fault?: ProviderFault; shows?: TrailEntry | 'nothing' }
  | { kind: 'wait'; delayMs: number };

/**
 * Takes a turn to ask the provider. A task that the provider may not know takes two questions in one turn, because an older answer to the
 * first says nothing of now.
 */
export const takeTurn = ({ store }: Purchase, ref: SubmissionRef, leg: PollLeg, questions: 1 | 2, isEarly = false): Promise<PollTurn> =>
  store.takePollTurn(ref, { leg, questions, isEarly });

/**
 * Asks the provider about a submission: the poll first, then the audit trail if the poll does not know the task. Each question needs a
 * turn in the fleet's line. Returns `wait` if the second question gets no turn now; the run that gets the next turn asks both.
 *
 * The audit trail keeps the last response to an id. After a repeated send that may be the refusal of the repeated send, so a failure that
 * only the trail shows counts only for a submission that was sent once.
 * @param turn The leg, and the number of questions that Redis granted.
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
  if (polled.known || !hasAnswered(polled.fault))
    return {
      kind: 'inconclusive',
      ...defined({ fault: polled.fault, shows: polled.known && !polled.fault ? ('task' as const) : undefined }),
    };
  if (turn.questions < 2) {
    const another = await store.takePollTurn(ref, { leg: turn.leg, questions: 1, booked: 2 });
    if (another.kind === 'wait') return another;
  }
  const audited = await provider.lookUpDetails(taskUUID, signal);
  if (audited.kind === 'failed' && sends > 1) return { kind: 'inconclusive', ...defined({ fault: polled.fault }), shows: 'other' };
  if (audited.kind !== 'inconclusive') return audited;
  const shows = audited.shows ?? (hasAnswered(audited.fault) ? ('nothing' as const) : undefined);
  return { kind: 'inconclusive', ...defined({ fault: shows === undefined ? audited.fault : polled.fault, shows }) };
}

/** Returns true if the poll itself was answered; a network or server error says nothing of the task. */
const hasAnswered = (fault: ProviderFault | undefined): fault is undefined | (ProviderFault & { class: 'not-found' }) =>
  fault === undefined || fault.class === 'not-found';
