import type { SubmissionRef, SubmitVerdict } from '@darkroom/contracts';
import type { Purchase } from './purchase.ts';

/** So many generations in a row, over the whole fleet, may come to nothing: a reset or a time-out now and then is no outage. */
const TOLERATED_FAILURES = 5;
/** The provider asked for fewer requests. One request that is always answered so is no word about the others. */
const TOLERATED_THROTTLES = 2;

/**
 * Tells the fleet how the provider fares. In trouble it is left alone, but for one send at a time that tries it; its first
 * answer, whatever it says, lets everybody go on.
 * @param failures What the commit said of the sends before this one; while there were none an answer is no news.
 * @returns how long to leave it alone, in milliseconds; 0 to go on.
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
  const waitMs = await store.reportTrouble({
    generationId: ref.generationId,
    tolerated,
    firstWaitMs: timing.troubleMs,
    maxWaitMs: timing.maxProbeMs,
    ...(askedWaitMs === undefined ? {} : { askedWaitMs }),
  });
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
      // This process is stopping, or could not build the request.
      if (verdict.fault.code === 'REQUEST_ABORTED' || verdict.fault.class === 'validation') return 'none-of-its';
      // A success that names no task is neither an answer nor trouble: the questions about the task decide.
      if (verdict.kind === 'unknown' && verdict.wordless === true) return 'none-of-its';
      return 'throttle' in verdict && verdict.throttle === true && verdict.foreign !== true ? TOLERATED_THROTTLES : TOLERATED_FAILURES;
    default:
      return verdict satisfies never;
  }
}
