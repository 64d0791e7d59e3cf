import type { Commitment, SubmissionRef, SubmitVerdict } from '@darkroom/contracts';
import { backoffMs } from './backoff.ts';
import { endRefused } from './end-submission.ts';
import type { Outcome } from './outcome.ts';
import type { Purchase } from './purchase.ts';
import { reportProvider } from './report-provider.ts';

/** Step 6: what the provider said decides, together with what became of the earlier sends. */
export async function takeAnswer(
  purchase: Purchase,
  ref: SubmissionRef,
  commitment: Extract<Commitment, { kind: 'go' }>,
  verdict: SubmitVerdict,
): Promise<Outcome> {
  const {
    store,
    around,
    settings: { timing },
  } = purchase;
  const meaning = await store.recordVerdict(ref, commitment.send, verdict.kind);
  around.log('submission.answered', ref, {
    verdict: verdict.kind,
    meaning,
    send: commitment.send,
    ...('fault' in verdict ? { faultClass: verdict.fault.class, faultCode: verdict.fault.code } : {}),
  });
  if (verdict.kind === 'account')
    await store.pauseBuying({ kind: 'account', reason: `${verdict.fault.code}: ${verdict.fault.message}`, since: commitment.now });
  const leaveAloneMs = await reportProvider(purchase, ref, commitment.providerFailures, verdict);
  switch (meaning) {
    case 'accepted':
      return { kind: 'submitted' };
    case 'refused':
      return endRefused(purchase, ref, commitment.intent.reservation, verdict);
    case 'planned':
      if (leaveAloneMs > 0) return { kind: 'throttle', delayMs: leaveAloneMs, why: `provider.${verdict.kind}` };
      return {
        kind: 'snooze',
        delayMs: backoffMs(timing.troubleMs, timing.maxTroubleMs, commitment.send, around.random),
        why: `provider.${verdict.kind}`,
      };
    case 'unproven':
      // The settlement looks after this submission; in trouble it stays in the queue too, to be the one that tries.
      return leaveAloneMs > 0 ? { kind: 'throttle', delayMs: leaveAloneMs, why: `provider.${verdict.kind}` } : { kind: 'submitted' };
    default:
      return meaning satisfies never;
  }
}
