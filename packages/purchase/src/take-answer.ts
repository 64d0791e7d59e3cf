import type { SubmissionRef, SubmitVerdict } from '@darkroom/contracts';
import type { Commitment } from '@darkroom/generation-store';
import { backoffMs } from './backoff.ts';
import { endRefused } from './end-submission.ts';
import type { Outcome } from './outcome.ts';
import type { Access } from './ports.ts';
import type { Purchase } from './purchase.ts';
import { reportProvider } from './report-provider.ts';

/** Most refusals of one order while others are accepted; then it ends. */
export const MAX_STRIKES = 4;

/** Most orders in a row that may end refused with one code while no other order is known to be accepted; later ones are put back. */
const MAX_REFUSALS_IN_A_ROW = 4;

/** Step 6: decides by the provider's answer and by the outcome of earlier sends. */
export async function takeAnswer(
  purchase: Purchase,
  ref: SubmissionRef,
  commitment: Extract<Commitment, { kind: 'go' }>,
  answer: SubmitVerdict,
): Promise<Outcome> {
  const { verdict, access, isOwn } = await judge(purchase, ref, answer);
  const {
    store,
    around,
    settings: { timing },
  } = purchase;
  const meaning = await store.recordVerdict(ref, commitment.send, verdict.kind, 'fault' in verdict ? verdict.fault.code : undefined);
  around.log('submission.answered', ref, {
    verdict: verdict.kind,
    meaning,
    send: commitment.send,
    ...('fault' in verdict ? { faultClass: verdict.fault.class, faultCode: verdict.fault.code } : {}),
  });
  const leaveAloneMs = isOwn ? 0 : await reportProvider(purchase, ref, commitment.providerFailures, verdict);
  // Put aside, not back at the head of the queue: the next trial request then belongs to another order.
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
      return endRefused(purchase, ref, commitment.intent, verdict);
    case 'planned':
      return access === 'closed' ? { kind: 'release' } : aside;
    case 'unproven':
      // The settlement looks after this submission. In trouble its job also waits to be sent again, as one of the trial requests.
      return leaveAloneMs > 0 ? aside : { kind: 'submitted' };
    default:
      return meaning satisfies never;
  }
}

interface Judged {
  verdict: SubmitVerdict;
  access?: Awaited<ReturnType<Access['ask']>>;
  /** True if the trouble concerns only this order or this process. The fleet is not told of it. */
  isOwn: boolean;
}

/**
 * Checks an answer that may concern more than this order: the account, a wrong address, or a rule for all orders. The provider is then
 * asked with a dry run, which belongs to no caller.
 *
 * If the dry run is refused too, the trouble is this process's, and the order is put back.
 *
 * If others are accepted and this order is refused for the account or by a gateway, the trouble is the order's own. It ends after a few
 * strikes, so no tenant can stop the fleet with such orders. A refusal for the account is the provider's own word that it bought nothing.
 * Words of a gateway prove nothing and leave the end to the settlement. While no other purchase is accepted, a refusal for the account is
 * trouble of all: a dry run may be accepted although the balance is empty.
 *
 * If no dry run can be made, a refusal ends the order until several in a row were refused with one code.
 */
async function judge({ store, access, around }: Purchase, ref: SubmissionRef, answer: SubmitVerdict): Promise<Judged> {
  const isForeign = answer.kind === 'unknown' && answer.foreign === true;
  // Of a repeated send the provider is asked first, and may refuse the key there.
  const refusesQuestion = answer.kind === 'not-sent' && answer.fault.class === 'auth';
  if (answer.kind !== 'account' && answer.kind !== 'refused' && !isForeign && !refusesQuestion) return { verdict: answer, isOwn: false };
  const { fault } = answer;
  const asked = await access.ask(fault);
  around.log('access.asked', ref, { faultCode: fault.code, access: asked });
  const isClosed = asked === 'closed';
  if (refusesQuestion) return { verdict: answer, access: asked, isOwn: isClosed };
  if (answer.kind === 'refused') {
    const isFinal =
      asked === 'open' || (asked === 'untried' && (await store.countRefusal(ref.generationId, fault.code)) <= MAX_REFUSALS_IN_A_ROW);
    return { verdict: isFinal ? answer : { kind: 'throttled', fault }, access: asked, isOwn: isClosed };
  }
  if (isClosed || asked === 'unclear') return { verdict: answer, access: asked, isOwn: isClosed };
  const { strikes, takesOthers } = await store.countStrike(ref);
  const isOver = answer.kind === 'account' && takesOthers && strikes >= MAX_STRIKES;
  return { verdict: isOver ? { kind: 'refused', fault } : answer, access: asked, isOwn: !isOver && (isForeign || takesOthers) };
}
