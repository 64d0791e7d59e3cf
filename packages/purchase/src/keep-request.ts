import { outlineOfIntent, type SubmissionRef } from '@darkroom/contracts';
import type { Commitment } from '@darkroom/generation-store';
import { endUnbought } from './end-submission.ts';
import type { Outcome } from './outcome.ts';
import type { Purchase } from './purchase.ts';

type Go = Extract<Commitment, { kind: 'go' }>;

/**
 * Makes sure that the request of a generation lies in S3 before its first intent, and returns the digest that the intent names. One PUT
 * for a generation; Redis knows the digest of a request that S3 has confirmed.
 *
 * A death after it leaves an object that the next run finds and takes for its own.
 * @returns undefined if the request was erased: nothing may be sent.
 */
export async function keepRequest({ archive }: Purchase, { intent, request, labels, requestDigest }: Go): Promise<string | undefined> {
  if (requestDigest !== undefined) return requestDigest;
  const { generationId, provider, model, tenant, createdAt } = intent;
  const recorded = await archive.recordRequest({ generationId, provider, model, tenant, createdAt, request, ...labels });
  return recorded.kind === 'kept' ? recorded.requestDigest : undefined;
}

/** Ends the run of a submission whose request was erased, which Redis did not know. Its send has no intent and surely does not leave. */
export async function leaveUnsendable(purchase: Purchase, ref: SubmissionRef, { send, intent, unsentAt }: Go): Promise<Outcome> {
  const { store, archive, waits, around, settings } = purchase;
  around.log('submission.request-gone', ref, { send });
  await store.forgetRequest(ref.generationId, outlineOfIntent(intent));
  // As before a send: S3 may remember one that Redis has forgotten, and whose image was paid.
  const standing = await archive.findIntent(ref, intent.round);
  if (standing !== undefined && standing.firstSentAt !== intent.firstSentAt && !unsentAt.includes(standing.firstSentAt))
    await store.adoptIntent(ref, Math.min(standing.firstSentAt, intent.firstSentAt));
  const meaning = await store.recordVerdict(ref, send, 'no-intent');
  if (meaning === 'planned') return endUnbought(purchase, ref, 'submission.request-gone');
  // An earlier send may have been accepted: its settlement decides.
  await waits.park(ref, settings.timing.firstPollMs, true);
  return { kind: 'submitted' };
}
