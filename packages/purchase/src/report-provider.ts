import { defined, type SubmissionRef, type SubmitVerdict } from '@darkroom/contracts';
import type { Purchase } from './purchase.ts';

/** Most generations in a row, over the whole fleet, that may come to nothing: a reset or a time-out now and then is no outage. */
const TOLERATED_FAILURES = 5;
/** Code of a provider that asks for fewer requests. One request that always gets this answer says nothing of the others. */
const TOLERATED_THROTTLES = 2;

/**
 * Tells the fleet how the provider fares. While the provider is in trouble the fleet sends one trial request at a time; the first answer to
 * one, whatever it says, lets all workers go on.
 * @param failures The number of failed sends before this one, by the commit; while it is 0 an answer is no news.
 * @returns the time to leave the provider alone, in milliseconds; 0 to go on.
 */
export async function reportProvider(
  { store, around, settings: { timing } }: Purchase,
  ref: SubmissionRef,
  failures: number,
  verdict: SubmitVerdict,
): Promise<number> {
  const tolerated = toleratedFailures(verdict);
  if (tolerated === 'none-of-its') return 0;
  if (tolerated === 'answered') {
    if (failures === 0) return 0;
    await store.reportAnswer();
    around.log('provider.answers', ref, { failures });
    return 0;
  }
  const askedWaitMs = 'retryAfterMs' in verdict ? verdict.retryAfterMs : undefined;
  const waitMs = await store.reportTrouble(
    defined({
      generationId: ref.generationId,
      tolerated,
      firstWaitMs: timing.troubleMs,
      maxWaitMs: timing.maxProbeMs,
      askedWaitMs,
      code: 'fault' in verdict ? verdict.fault.code : undefined,
    }),
  );
  if (waitMs > 0) around.log('provider.in-trouble', ref, { failures: failures + 1, waitMs });
  return waitMs;
}

function toleratedFailures(verdict: SubmitVerdict): number | 'answered' | 'none-of-its' {
  switch (verdict.kind) {
    case 'accepted':
    case 'conflict':
    case 'refused':
      return 'answered';
    case 'account':
      return TOLERATED_FAILURES;
    case 'throttled':
      return TOLERATED_THROTTLES;
    case 'not-sent':
    case 'unknown':
      // This process stops, or could not build the request.
      if (verdict.fault.code === 'REQUEST_ABORTED' || verdict.fault.class === 'validation') return 'none-of-its';
      // A success that names no task is neither an answer nor trouble: the questions about the task decide.
      if (verdict.kind === 'unknown' && verdict.wordless === true) return 'none-of-its';
      return 'throttle' in verdict && verdict.throttle === true && verdict.foreign !== true ? TOLERATED_THROTTLES : TOLERATED_FAILURES;
    default:
      return verdict satisfies never;
  }
}
