import { taskUuidOf, type ProviderFault, type SubmissionRef, type SubmissionView, type TaskState } from '@darkroom/contracts';
import type { Purchase } from './purchase.ts';

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
): Promise<TaskState | { kind: 'wait'; delayMs: number }> {
  const delayMs = await store.takePollToken();
  if (delayMs > 0) return { kind: 'wait', delayMs };
  const taskUUID = taskUuidOf(ref);
  const polled = await provider.lookUp(taskUUID, signal);
  if (polled.kind !== 'inconclusive' || polled.known || !hasAnswered(polled.fault)) return polled;
  const audited = await provider.lookUpDetails(taskUUID, signal);
  return audited.kind === 'inconclusive' || (audited.kind === 'failed' && sends > 1) ? polled : audited;
}

/** Trouble on the way says nothing of what the poll knows. */
export const hasAnswered = (fault: ProviderFault | undefined): fault is undefined | (ProviderFault & { class: 'not-found' }) =>
  fault === undefined || fault.class === 'not-found';
