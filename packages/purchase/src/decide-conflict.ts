import type { SubmissionRef } from '@darkroom/contracts';
import type { SubmissionView } from '@darkroom/generation-store';
import { endWithoutImage } from './after-end.ts';
import type { Asked } from './ask-provider.ts';
import { snooze } from './look-again.ts';
import type { Outcome } from './outcome.ts';
import type { Purchase } from './purchase.ts';

/**
 * Decides a conflict by one rule (docs/guarantees.md). A conflict alone says only that the provider takes the id for used.
 *
 * *Accepted*: one of the two questions knows the task.
 * *Burnt*: no send was accepted, and the image may be bought under the next number. The proof has three parts. The audit trail has shown a
 * refusal as the last response to the id while only one send may have arrived. Every other send got the conflict or never left, and Redis
 * has forgotten none. Both questions, asked after the conflict and again a poll interval later, know no task.
 * *Unproven*: everything else. The provider may answer the same for a running task and for an unknown one, so empty answers, however many,
 * end as unknown at the horizon, and the money stays on hold.
 */
export async function isBurnt(
  { store, settings: { timing } }: Purchase,
  ref: SubmissionRef,
  { conflict }: SubmissionView,
  { shows }: Extract<Asked, { kind: 'inconclusive' }>,
): Promise<boolean> {
  if (conflict === undefined || conflict === 'unprovable' || shows === undefined || shows === 'task' || shows === 'other') return false;
  const notKnownForMs = await store.recordLook(ref, 'not-known');
  return notKnownForMs >= timing.firstPollMs && (conflict === 'proved' || shows === 'refusal');
}

/** Ends a burnt submission, if it is still burnt: Redis may have lost its memory while the provider was asked. */
export async function endBurnt(purchase: Purchase, ref: SubmissionRef, view: SubmissionView): Promise<Outcome> {
  const now = await purchase.store.beginSettlement(ref);
  if (now?.conflict !== view.conflict) return snooze(view, purchase.settings.timing.firstPollMs, 'conflict');
  return endWithoutImage(purchase, ref, view, { status: 'failed', code: 'provider.id-burnt', facts: {} });
}
