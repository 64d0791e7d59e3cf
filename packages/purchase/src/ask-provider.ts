import {
  taskUuidOf,
  type ProviderFault,
  type SubmissionRef,
  type SubmissionView,
  type TaskState,
  type TrailEntry,
} from '@darkroom/contracts';
import type { Purchase } from './purchase.ts';

/** What the provider says of a task. Without an end, `shows` is there when both questions were answered: "nothing" if neither knows it. */
export type Asked =
  | Exclude<TaskState, { kind: 'inconclusive' }>
  | { kind: 'inconclusive'; fault?: ProviderFault; shows?: TrailEntry | 'nothing' }
  | { kind: 'wait'; delayMs: number };

/**
 * Asks what became of a submission: the poll first, the audit trail when the poll answered that it knows nothing. `wait` when
 * the fleet polls enough already.
 *
 * The audit trail keeps the last response to an id, which after a re-send may be the refusal of that re-send. A failure that
 * only it knows is therefore believed of a submission that was sent once.
 */
export async function askProvider(
  { store, provider }: Purchase,
  ref: SubmissionRef,
  { sends }: Pick<SubmissionView, 'sends'>,
  signal?: AbortSignal,
): Promise<Asked> {
  const delayMs = await store.takePollToken();
  if (delayMs > 0) return { kind: 'wait', delayMs };
  const taskUUID = taskUuidOf(ref);
  const polled = await provider.lookUp(taskUUID, signal);
  if (polled.kind !== 'inconclusive') return polled;
  const fault = polled.fault === undefined ? {} : { fault: polled.fault };
  if (polled.known || !hasAnswered(polled.fault))
    return { kind: 'inconclusive', ...fault, ...(polled.known && polled.fault === undefined ? { shows: 'task' } : {}) };
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
