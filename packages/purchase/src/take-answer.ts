import type { Commitment, SubmissionRef, SubmitVerdict } from '@darkroom/contracts';
import { backoffMs } from './backoff.ts';
import { endRefused } from './end-submission.ts';
import type { Outcome } from './outcome.ts';
import type { Access } from './ports.ts';
import type { Purchase } from './purchase.ts';
import { reportProvider } from './report-provider.ts';

/** Times that one order may be refused where others are taken, before it ends. */
export const MAX_STRIKES = 4;

/** Step 6: what the provider said decides, together with what became of the earlier sends. */
export async function takeAnswer(
  purchase: Purchase,
  ref: SubmissionRef,
  commitment: Extract<Commitment, { kind: 'go' }>,
  answer: SubmitVerdict,
): Promise<Outcome> {
  const { verdict, access } = await judge(purchase, ref, answer);
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
  // Trouble of this process alone while the plainest purchase is refused, and of this order alone where it is taken: no tenant can
  // stop the fleet with orders that something refuses.
  const isOwnTrouble = (access === 'closed' || access === 'open') && verdict.kind !== 'refused';
  const leaveAloneMs = isOwnTrouble ? 0 : await reportProvider(purchase, ref, commitment.providerFailures, verdict);
  // Put aside and not back at the head of the queue: the send that tries next is another order's.
  const asideMs = Math.max(
    leaveAloneMs,
    'retryAfterMs' in verdict ? (verdict.retryAfterMs ?? 0) : 0,
    backoffMs(timing.troubleMs, leaveAloneMs > 0 ? timing.maxProbeMs : timing.maxTroubleMs, commitment.send, around.random),
  );
  const aside: Outcome = { kind: 'snooze', delayMs: asideMs, why: `provider.${verdict.kind}` };
  switch (meaning) {
    case 'accepted':
      return { kind: 'submitted' };
    case 'refused':
      return endRefused(purchase, ref, commitment.intent.reservation, verdict);
    case 'planned':
      return access === 'closed' ? { kind: 'release' } : aside;
    case 'unproven':
      // The settlement looks after this submission; in trouble it waits to be sent again too, to be one of those that try.
      return leaveAloneMs > 0 ? aside : { kind: 'submitted' };
    default:
      return meaning satisfies never;
  }
}

/**
 * Looks behind an answer that may speak of something else than this order: of the account, of a wrong address, of a rule that holds for
 * all. The provider is then asked with a purchase of no caller.
 *
 * An order that is refused while that purchase is refused too is put back. An order that is refused where that purchase is taken is on
 * its own: so often, and it ends. A refusal of the account is the provider's own word that nothing was bought; words that are not the
 * provider's prove nothing, and leave the end to the settlement.
 */
async function judge(
  { store, access, around }: Purchase,
  ref: SubmissionRef,
  answer: SubmitVerdict,
): Promise<{ verdict: SubmitVerdict; access?: Awaited<ReturnType<Access['ask']>> }> {
  const isForeign = answer.kind === 'unknown' && answer.foreign === true;
  const isRefused = answer.kind === 'refused' && answer.fault.class !== 'safety';
  if (answer.kind !== 'account' && !isForeign && !isRefused) return { verdict: answer };
  const { fault } = answer;
  const asked = await access.ask(fault);
  around.log('access.asked', ref, { faultCode: fault.code, access: asked });
  if (answer.kind === 'refused') return { verdict: asked === 'open' ? answer : { kind: 'throttled', fault }, access: asked };
  if (asked !== 'open') return { verdict: answer, access: asked };
  const strikes = await store.countStrike(ref, isForeign);
  const isOver = answer.kind === 'account' && strikes >= MAX_STRIKES;
  return { verdict: isOver ? { kind: 'refused', fault } : answer, access: asked };
}
