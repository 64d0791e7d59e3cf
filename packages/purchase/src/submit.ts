import {
  defined,
  GENERATION_ID_AHEAD_MS,
  generationIdTime,
  MAX_CLOCK_SKEW_MS,
  type PurchaseOrder,
  type StoredRequest,
  type SubmissionRef,
} from '@darkroom/contracts';
import type { Commitment } from '@darkroom/generation-store';
import { takeTurn } from './ask-provider.ts';
import { askWhetherKnown, type Known } from './ask-whether-known.ts';
import { findObstacle } from './find-obstacle.ts';
import { findReplacedHome } from './find-replaced-home.ts';
import { keepRequest, leaveUnsendable } from './keep-request.ts';
import type { Outcome } from './outcome.ts';
import type { Purchase } from './purchase.ts';
import { buildSendableRequest } from './sendable-request.ts';
import { stopped } from './stopped.ts';
import { takeAnswer } from './take-answer.ts';

/**
 * Steps 2 to 6 of a purchase: commit, intent, park, POST, answer.
 *
 * I1  A submission is committed in Redis and its intent is in S3 before the provider can hear of it.
 * I2  Nothing is bought again while an earlier submission of that image might have been accepted: a send is repeated only
 *     under its own task id, only inside the resend window, and only if the provider says that it does not have the task; the
 *     next submission needs a proved failure.
 * I3  A live settlement job exists before the POST leaves.
 *
 * @param jobNumber Present number of its job in the fair line.
 */
export async function submit(purchase: Purchase, ref: SubmissionRef, signal?: AbortSignal, jobNumber?: number): Promise<Outcome> {
  const { store, provider, waits, around, settings } = purchase;
  const { timing } = settings;

  // A job that was fetched before the hold is left to a worker that can buy.
  if (purchase.access.isHeld()) return { kind: 'release' };
  const startedAt = around.monotonicMs();
  const commitment = await store.commit(ref, around.createToken(), jobNumber);
  if (commitment.kind === 'stop') return stopped(purchase, ref, commitment);
  const { send, now } = commitment;

  let first: FirstSend | undefined;
  let requestDigest: string | undefined;
  let addresses: Addresses;
  let askedAt: number | undefined;
  let known: Known = { kind: 'not-known', showsRefusal: false };
  let isRepeated = !commitment.fresh || commitment.wasRefused;
  let unsent: 'no-intent' | 'not-sent' = 'no-intent';
  try {
    // A run without a turn writes nothing to S3 either.
    let turn = isRepeated ? await takeTurn(purchase, ref, 'submit', 2) : undefined;
    if (turn?.kind === 'wait') {
      await store.recordVerdict(ref, send, unsent);
      return { kind: 'snooze', delayMs: turn.delayMs, why: 'poll-rate' };
    }
    requestDigest = await keepRequest(purchase, commitment);
    if (requestDigest === undefined) return await leaveUnsendable(purchase, ref, commitment);
    if (await findReplacedHome(purchase, ref, commitment)) {
      await store.recordVerdict(ref, send, unsent);
      return { kind: 'snooze', delayMs: timing.troubleMs, why: 'replaced' };
    }
    first = await rememberFirstSend(purchase, ref, commitment, requestDigest);
    unsent = 'not-sent';
    if (first === undefined) return await beginNextRound(purchase, ref, send);
    isRepeated ||= first.wasForgotten;
    await waits.park(ref, timing.firstPollMs, send > 1);
    addresses = await makeAddresses(purchase, ref, commitment.request);
    if (isRepeated) {
      turn ??= await takeTurn(purchase, ref, 'submit', 2);
      askedAt = around.monotonicMs();
      known = turn.kind === 'wait' ? turn : await askWhetherKnown(purchase, ref, signal);
    }
    // Recorded before the send, whose answer replaces the refusal in the audit trail.
    if (known.kind === 'not-known' && known.showsRefusal) await store.recordRefusalSeen(ref, send);
  } catch (error) {
    // This send surely did not leave. If it stayed open, a later refusal could not be final, and the resend window, which counts from it,
    // would close while S3 is away.
    await store.recordVerdict(ref, send, unsent).catch(() => undefined);
    throw error;
  }
  if (known.kind === 'known') {
    around.log('submission.known-to-provider', ref, { send });
    return takeAnswer(purchase, ref, commitment, { kind: 'accepted' });
  }
  if (known.kind === 'conflict') {
    // Not sent: another send of this id would be refused, or, if the provider has forgotten the id by now, bought again.
    await store.recordVerdict(ref, send, 'conflict-seen');
    return { kind: 'submitted' };
  }
  if (signal?.aborted) {
    await store.recordVerdict(ref, send, 'not-sent');
    return { kind: 'release' };
  }
  if (known.kind === 'unclear') return takeAnswer(purchase, ref, commitment, { kind: 'not-sent', fault: known.fault });
  // Only S3 showed that a question is needed, and this run has no turn for it.
  if (known.kind === 'wait') {
    await store.recordVerdict(ref, send, 'not-sent');
    return { kind: 'snooze', delayMs: known.delayMs, why: 'poll-rate' };
  }
  const until = startedAt + first.sentAt + timing.resendWindowMs - now;
  const confirmedDigest = commitment.requestDigest === undefined ? requestDigest : undefined;
  const obstacle = await findObstacle(purchase, ref, defined({ send, until, askedAt, confirmedDigest }));
  if (obstacle !== undefined) {
    around.log(`submission.${obstacle}`, ref, { send });
    const meaning = await store.recordVerdict(ref, send, 'not-sent');
    return meaning === 'planned' ? { kind: 'snooze', delayMs: timing.troubleMs, why: 'submission.frozen' } : { kind: 'submitted' };
  }
  around.log('submission.sending', ref, { send, ...defined({ positivePrompt: commitment.request.positivePrompt }) });
  const verdict = await provider.submit(
    {
      taskUUID: commitment.intent.taskUUID,
      ttlSeconds: Math.max(60, Math.ceil(timing.imageTtlMs / 1000)),
      ...addresses,
    },
    signal,
  );
  return takeAnswer(purchase, ref, commitment, verdict);
}

const isFirstIntent = ({ n, round }: { n: number; round: number }): boolean => n === 1 && round === 0;

interface FirstSend {
  /** Time of the first send that Redis or S3 remember, in milliseconds since 1970. */
  sentAt: number;
  /** True if S3 remembers a send that Redis did not know of. */
  wasForgotten: boolean;
}

/**
 * Step 3: records the intent.
 * @returns undefined if S3 holds the intent of a send of this round that never left.
 */
async function rememberFirstSend(
  { store, archive, around, settings: { timing } }: Purchase,
  ref: SubmissionRef,
  { intent: unsigned, unsentAt, now }: Extract<Commitment, { kind: 'go' }>,
  requestDigest: string,
): Promise<FirstSend | undefined> {
  const intent = { ...unsigned, requestDigest };
  // A Redis that forgets the enqueue asks S3 by the times in ids, and would miss this one.
  if (isFirstIntent(intent) && generationIdTime(intent.generationId) < intent.createdAt - GENERATION_ID_AHEAD_MS)
    await archive.recordLateId(intent);
  const recorded = await archive.recordIntent(intent);
  // Each send has a round, and keeps the time of the first send that may have been accepted. If S3 holds another time, Redis has lost its
  // memory, and its clock may have been set back with it.
  if (recorded.kind === 'recorded' || recorded.intent.firstSentAt === intent.firstSentAt)
    return { sentAt: intent.firstSentAt, wasForgotten: false };
  if (unsentAt.includes(recorded.intent.firstSentAt)) return undefined;
  // A time in the future was written before a clock went back: the age of that send is unknown, so it is not repeated.
  const isAhead = recorded.intent.firstSentAt > now + MAX_CLOCK_SKEW_MS;
  const sentAt = isAhead ? now - timing.resendWindowMs : Math.min(intent.firstSentAt, recorded.intent.firstSentAt);
  await store.adoptIntent(ref, sentAt);
  around.log('submission.intent-adopted', ref, { round: intent.round });
  return { sentAt, wasForgotten: true };
}

/** Begins the next round: this round has an intent in S3 and no send. The new round gets its own intent with the time of its send. */
async function beginNextRound({ store, around, settings: { timing } }: Purchase, ref: SubmissionRef, send: number): Promise<Outcome> {
  around.log('submission.intent-unsent', ref);
  await store.recordVerdict(ref, send, 'not-sent');
  // No settlement is parked yet, so this job must come back itself.
  return { kind: 'snooze', delayMs: timing.troubleMs, why: 'submission.intent-unsent' };
}

type Addresses = Pick<PurchaseOrder, 'request' | 'uploadEndpoint' | 'webhookURL'>;

/** Returns the addresses for the result and for reference images. They are secrets that expire, so each send makes new ones. */
async function makeAddresses(
  { archive, around, settings: { timing, askForUpload } }: Purchase,
  ref: SubmissionRef,
  request: StoredRequest,
): Promise<Addresses> {
  const expiresInSeconds = Math.floor(timing.capabilityTtlMs / 1000);
  const uploadEndpoint = askForUpload ? await archive.presignUpload(ref, expiresInSeconds) : undefined;
  const webhookURL = around.webhookUrl(ref);
  const sendable = await buildSendableRequest(request, (input) => archive.presignInput(input, expiresInSeconds));
  return defined({ request: sendable, uploadEndpoint, webhookURL });
}
