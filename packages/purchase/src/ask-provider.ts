import { taskUuidOf, type SubmissionRef, type TaskState } from '@darkroom/contracts';
import type { Purchase } from './purchase.ts';

/** Asks what became of a submission: the poll first, the audit trail when the poll knows nothing. `wait` when the fleet polls enough already. */
export async function askProvider(
  { store, provider }: Purchase,
  ref: SubmissionRef,
  signal?: AbortSignal,
): Promise<TaskState | { kind: 'wait'; delayMs: number }> {
  const delayMs = await store.takePollToken();
  if (delayMs > 0) return { kind: 'wait', delayMs };
  const taskUUID = taskUuidOf(ref);
  const polled = await provider.lookUp(taskUUID, signal);
  if (polled.kind !== 'inconclusive' || polled.known) return polled;
  const audited = await provider.lookUpDetails(taskUUID, signal);
  return audited.kind === 'inconclusive' ? polled : audited;
}
