import {
  defined,
  formatUsd,
  taskUuidOf,
  type ErrorCode,
  type FactSource,
  type FaultClass,
  type ProviderFault,
  type SubmissionRef,
  type SubmissionResult,
  type SubmitVerdict,
  type TaskFacts,
  type VerifiedImage,
} from '@darkroom/contracts';
import type { Settlement, SubmissionView } from '@darkroom/generation-store';
import { backoffMs } from './backoff.ts';
import type { Outcome } from './outcome.ts';
import type { Purchase } from './purchase.ts';

/**
 * Step 8: the end of a submission goes to S3 first and to Redis second. Everything that follows from an end (money, another submission)
 * follows from its result alone, so each run that finds the result, now or after a crash, draws the same conclusions.
 */

/** The end of a submission before it is written. */
export type End =
  | { status: 'succeeded'; image: VerifiedImage; facts: TaskFacts; factsFrom?: FactSource; road: 'upload' | 'image-url' }
  | { status: 'failed'; code: ErrorCode; fault?: ProviderFault; facts: TaskFacts; factsFrom?: FactSource }
  | { status: 'lost'; facts: TaskFacts; factsFrom: FactSource; reason: string; quarantineKey?: string }
  | { status: 'unknown'; code?: 'provider.blocked' };

/** Facts of a submission that its result repeats, and the time of the end. */
type Ending = Pick<SubmissionView, 'reservation' | 'provider' | 'model' | 'now'>;

/** Classes of a proved failure after which another submission may help. */
const worthAnother: ReadonlySet<string> = new Set<FaultClass>(['provider', 'timeout']);

/** Consequences of a result. */
export function consequencesOf(result: SubmissionResult, maxSubmissions: number): Settlement {
  const burnt = result.fault?.code === 'provider.id-burnt';
  return {
    result,
    code: result.status === 'succeeded' ? '' : (result.fault?.code as ErrorCode), // written by `buildResult`
    // a burnt id is no failure of the purchase: the provider accepted nothing
    countsAsFailure: result.status === 'failed' && !burnt,
    mayResubmit: result.status === 'failed' && (burnt || worthAnother.has(result.fault?.class ?? '')),
    maxSubmissions,
  };
}

/** Writes the end of a live submission to S3, then to Redis, then adds the job of the next submission if there is one. */
export async function endSubmission(purchase: Purchase, ref: SubmissionRef, ending: Ending, end: End): Promise<Outcome> {
  const mine = buildResult(ref, ending, end);
  const recorded = await purchase.archive.recordResult(mine);
  // The first result stands: another run may have ended this submission while this one was frozen.
  const result = recorded.kind === 'existing' ? recorded.result : mine;
  if (end.status === 'succeeded' && result.status !== 'succeeded') {
    // Redis is not told of the failure in S3: it would buy the image again although it is home.
    purchase.around.log('submission.late-image', ref, { recordedStatus: result.status });
    return amendSubmission(purchase, ref, ending, end);
  }
  await settleInStore(purchase, ref, result);
  return { kind: 'finished' };
}

/** Records an image that came home after the result of its submission. */
export async function amendSubmission(
  purchase: Purchase,
  ref: SubmissionRef,
  ending: Ending,
  end: End & { status: 'succeeded' },
): Promise<Outcome> {
  const mine = buildResult(ref, ending, end);
  const recorded = await purchase.archive.recordAmendment(mine);
  await settleInStore(purchase, ref, recorded.kind === 'existing' ? recorded.result : mine);
  return { kind: 'finished' };
}

/** Ends a submission that the provider refused explicitly, if no earlier send can have been accepted. */
export async function endRefused(
  purchase: Purchase,
  ref: SubmissionRef,
  intent: Omit<Ending, 'now'>,
  verdict: SubmitVerdict,
): Promise<Outcome> {
  const view = await purchase.store.beginSettlement(ref);
  const fault = 'fault' in verdict ? verdict.fault : undefined;
  const code: ErrorCode = fault?.class === 'safety' ? 'provider.content-refused' : 'provider.refused';
  const { reservation, provider, model } = intent;
  const ending = { reservation, provider, model, now: view?.now ?? 0 };
  return endSubmission(purchase, ref, ending, { status: 'failed', code, facts: {}, ...defined({ fault }) });
}

/** Ends a submission that is no longer wanted and has no send under way. */
export async function endUnbought(purchase: Purchase, ref: SubmissionRef, code: ErrorCode): Promise<Outcome> {
  const view = await purchase.store.beginSettlement(ref);
  if (view === undefined || view.status !== 'planned') return { kind: 'finished' };
  const end: End = { status: 'failed', code, facts: {} };
  // No send was made, so S3 holds no intent that needs a result.
  if (view.sends > 0) return endSubmission(purchase, ref, view, end);
  await settleInStore(purchase, ref, buildResult(ref, view, end));
  return { kind: 'finished' };
}

async function settleInStore({ store, waits, around, settings }: Purchase, ref: SubmissionRef, result: SubmissionResult): Promise<void> {
  const reply = await store.settle(ref, consequencesOf(result, settings.maxSubmissions));
  around.log(`submission.${result.status}`, ref, defined({ reply: reply.kind, costSource: result.costSource, code: result.fault?.code }));
  const { costNanoUsd = 0, reservation } = result;
  if (costNanoUsd > reservation.amountNanoUsd && (reply.kind === 'settled' || reply.kind === 'resubmit')) {
    // Booked at the price that was charged, although the caps were asked for less: the price list in the code may be out of date.
    const [costUsd, heldUsd] = [formatUsd(costNanoUsd), formatUsd(reservation.amountNanoUsd)];
    around.warn('submission.dearer-than-held', ref, { costUsd, heldUsd });
  }
  if (reply.kind === 'resubmit') {
    const next = { ...ref, n: reply.n };
    await waits.addSubmission(next, backoffMs(settings.timing.troubleMs, settings.timing.maxTroubleMs, ref.n, around.random));
  }
}

function buildResult(ref: SubmissionRef, { reservation, provider, model, now }: Ending, end: End): SubmissionResult {
  const { status } = end;
  const base = { version: 1 as const, ...ref, taskUUID: taskUuidOf(ref), provider, model, settledAt: now, reservation, status };
  switch (end.status) {
    case 'succeeded':
      return { ...base, ...factFields(end), ...costFields(end.facts, reservation.amountNanoUsd), image: end.image, road: end.road };
    case 'lost':
      return defined({
        ...base,
        ...factFields(end),
        ...costFields(end.facts, reservation.amountNanoUsd),
        fault: { code: 'image.lost', message: end.reason },
        quarantineKey: end.quarantineKey,
      });
    case 'failed':
      return { ...base, ...factFields(end), ...costFields(end.facts, 0), fault: faultFields(end.code, end.fault) };
    case 'unknown':
      return {
        ...base,
        costSource: 'none',
        fault:
          end.code === undefined
            ? { code: 'submission.unknown-outcome', message: 'the provider never said what became of the submission' }
            : { code: end.code, message: 'each send was refused on the way to the provider, which does not know the task' },
      };
    default:
      return end satisfies never;
  }
}

/**
 * Returns the cost of a result.
 * @param expected The charge if the provider names none: the hold for an image that exists, nothing for a failure.
 */
function costFields({ costNanoUsd }: TaskFacts, expected: number): Pick<SubmissionResult, 'costNanoUsd' | 'costSource'> {
  if (costNanoUsd !== undefined) return { costNanoUsd, costSource: 'reported' };
  return { costNanoUsd: expected, costSource: expected === 0 ? 'none' : 'expected' };
}

function factFields({ facts, factsFrom }: { facts: TaskFacts; factsFrom?: FactSource }): Partial<SubmissionResult> {
  const { imageUUID, seed, nsfwContent } = facts;
  const hasFacts = Object.keys(facts).length > 0;
  return defined({ factsFrom: hasFacts ? factsFrom : undefined, imageUUID, seed, nsfwContent });
}

function faultFields(code: ErrorCode, fault: ProviderFault | undefined): SubmissionResult['fault'] {
  if (fault === undefined) return { code, message: '' };
  return defined({ code, message: fault.message, class: fault.class, providerCode: fault.code, raw: fault.raw });
}
