import type { SubmissionRef, SubmitVerdict } from '@darkroom/contracts';
import type { Commitment } from '@darkroom/generation-store';
import { backoffMs } from './backoff.ts';
import { endRefused } from './end-submission.ts';
import type { Outcome } from './outcome.ts';
import type { Access } from './ports.ts';
import type { Purchase } from './purchase.ts';
import { reportProvider } from './report-provider.ts';

/** Times that one order may be refused where others are taken, before it ends. */
export const MAX_STRIKES = 4;

/** So many orders in a row may be refused with one code where nothing shows that others are taken; each one more is put back. */
const MAX_REFUSALS_IN_A_ROW = 4;

/** Step 6: what the provider said decides, together with what became of the earlier sends. */
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
  const meaning = await store.recordVerdict(ref, commitment.send, verdict.kind);
  around.log('submission.answered', ref, {
    verdict: verdict.kind,
    meaning,
    send: commitment.send,
    ...('fault' in verdict ? { faultClass: verdict.fault.class, faultCode: verdict.fault.code } : {}),
  });
  const leaveAloneMs = isOwn ? 0 : await reportProvider(purchase, ref, commitment.providerFailures, verdict);
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

interface Judged {
  verdict: SubmitVerdict;
  access?: Awaited<ReturnType<Access['ask']>>;
  /** True if the trouble concerns this order or this process alone: the fleet is not told of it. */
  isOwn: boolean;
}

/**
 * Looks behind an answer that may speak of something else than this order: of the account, of a wrong address, of a rule that holds for
 * all. The provider is then asked with a purchase of no caller.
 *
 * An order that is refused while that purchase is refused too is put back: the trouble is of this process. An order that something
 * answers or the account is refused for, while others are taken, is on its own, and no tenant can stop the fleet with such orders: so
 * often, and it ends. A refusal of the account is the provider's own word that nothing was bought; words that are not the provider's
 * prove nothing, and leave the end to the settlement. While no other purchase is accepted a refused account is trouble of all: a dry run
 * may be taken although the balance is empty.
 *
 * Where no dry run can be made, a refusal ends the order, until several in a row were refused in the same words.
 */
async function judge({ store, access, around }: Purchase, ref: SubmissionRef, answer: SubmitVerdict): Promise<Judged> {
  const isForeign = answer.kind === 'unknown' && answer.foreign === true;
  if (answer.kind !== 'account' && answer.kind !== 'refused' && !isForeign) return { verdict: answer, isOwn: false };
  const { fault } = answer;
  const asked = await access.ask(fault);
  around.log('access.asked', ref, { faultCode: fault.code, access: asked });
  const isClosed = asked === 'closed';
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
