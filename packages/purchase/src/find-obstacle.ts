import type { SubmissionRef } from '@darkroom/contracts';
import type { Purchase } from './purchase.ts';

/** A send that is about to leave, in milliseconds of the clock that only goes forward. */
interface DueSend {
  send: number;
  /** End of the resend window. */
  until: number;
  /** Digest of the request, if this run had to ask S3 for it. */
  confirmedDigest?: string;
  /** Time of the questions whether the provider has the task; absent if none was needed. */
  askedAt?: number;
}

/** So often Redis is asked again after a late reply. */
const MOST_TRIES = 3;

/**
 * Finds what forbids a send to leave now. Asked before every send, after its intent: if Redis has forgotten this send already, the comparison that
 * let buying go on may have come before the intent, and its hold counts nowhere. If Redis forgets it later, the next comparison finds the
 * intent.
 *
 * Everything that a send relies on must be young when it leaves, by a clock that goes on while the process is frozen. An old reply tells
 * of then: another run may have taken this one for dead since, sent, and got its image, and a provider may take an id again once its task
 * has ended. No run begins while the lock of this one lasts, and BullMQ renews it after half its time (`lockRenewTime`, WorkerOptions of
 * BullMQ). So in a quarter of it no other run can begin and send. The provider's answers may be as old as the lock lasts: a slow provider may
 * take seconds for two of them, and only a request that was under way could have arrived since.
 * @returns "replaced" if another run may have the job, or Redis restarted; "stale-answer" if the questions are too old; undefined if the send
 * may leave.
 */
export async function findObstacle(
  { store, around, settings: { timing } }: Purchase,
  ref: SubmissionRef,
  { send, until, askedAt, confirmedDigest }: DueSend,
): Promise<'resend-window-closed' | 'replaced' | 'stale-answer' | undefined> {
  const isYoung = (at: number, limitMs: number): boolean => around.monotonicMs() - at < limitMs;
  let isOwn = false;
  for (let tries = 0; tries < MOST_TRIES && !isOwn; tries += 1) {
    const at = around.monotonicMs();
    if (!(await store.isNewestSend(ref, send, confirmedDigest))) break;
    isOwn = isYoung(at, timing.lockDurationMs / 4);
  }
  if (around.monotonicMs() >= until) return 'resend-window-closed';
  if (!isOwn) return 'replaced';
  return askedAt === undefined || isYoung(askedAt, timing.lockDurationMs) ? undefined : 'stale-answer';
}
