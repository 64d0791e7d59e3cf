import { taskUuidOf, type ProviderFault, type SubmissionRef, type TaskState } from '@darkroom/contracts';
import { hasAnswered } from './ask-provider.ts';
import type { Purchase } from './purchase.ts';

/** What the provider says of a task that is about to be sent again. */
export type Known =
  /** It has it: sent again, the task would be refused at best and bought again at worst. */
  | { kind: 'known' }
  | { kind: 'not-known' }
  /** Nobody knows: there was trouble with the question. */
  | { kind: 'unclear'; fault: ProviderFault }
  | { kind: 'wait'; delayMs: number };

/**
 * Asks the provider whether it has a task that may have been sent before. That it refuses an id for a second time is observed
 * while the task runs; for how long after that, nobody says. So it is asked before each repeated send, at the rate of polls.
 * Of the audit trail counts also what proves no end: a response that is still empty, or the refusal of a second use of the id.
 */
export async function askWhetherKnown({ store, provider }: Purchase, ref: SubmissionRef, signal?: AbortSignal): Promise<Known> {
  const delayMs = await store.takePollToken();
  if (delayMs > 0) return { kind: 'wait', delayMs };
  const taskUUID = taskUuidOf(ref);
  const polled = await provider.lookUp(taskUUID, signal);
  if (isKnown(polled)) return { kind: 'known' };
  if (!hasAnswered(polled.fault)) return { kind: 'unclear', fault: polled.fault };
  const audited = await provider.lookUpDetails(taskUUID, signal);
  if (isKnown(audited)) return { kind: 'known' };
  return hasAnswered(audited.fault) || audited.known ? { kind: 'not-known' } : { kind: 'unclear', fault: audited.fault };
}

/** An error that only names the task may be trouble with the question, and says nothing: what counts as known is not sent again. */
const isKnown = (state: TaskState): state is Exclude<TaskState, { kind: 'inconclusive' }> =>
  state.kind !== 'inconclusive' || (state.known && (state.fault === undefined || state.fault.class === 'conflict'));
