import type { SubmissionRef } from '@darkroom/contracts';
import type { SubmissionView } from '@darkroom/generation-store';
import { endWithoutImage } from './after-end.ts';
import type { Asked } from './ask-provider.ts';
import { snooze } from './look-again.ts';
import type { Outcome } from './outcome.ts';
import type { Purchase } from './purchase.ts';

/**
 * The rule that decides a conflict, which by itself says no more than that the provider takes the id for used (docs/guarantees.md).
 *
 * *Accepted*: either question ever knows the task.
 * *Burnt*: the audit trail has shown a refusal as the last response to the id while one send alone may have arrived, every other send
 * was told of the conflict or never left, Redis has forgotten none, and both questions, asked after the conflict and once more after a
 * poll interval, know no task. Then no send was accepted, and the image may be bought under the next number.
 * *Unproven*: everything else. The provider may answer for a running task as for one that it does not know, so empty answers, however
 * many, end as unknown at the horizon, with their money on hold.
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

/** Ends what is burnt, if it still is: Redis may have lost its memory while the provider was asked. */
export async function endBurnt(purchase: Purchase, ref: SubmissionRef, view: SubmissionView): Promise<Outcome> {
  const now = await purchase.store.beginSettlement(ref);
  if (now?.conflict !== view.conflict) return snooze(view, purchase.settings.timing.firstPollMs, 'conflict');
  return endWithoutImage(purchase, ref, view, { status: 'failed', code: 'provider.id-burnt', facts: {} });
}
