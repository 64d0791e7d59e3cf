import type { Commitment, GrokImagineRequest, PurchaseOrder, SubmissionRef, SubmitVerdict } from '@darkroom/contracts';
import { backoffMs } from './backoff.ts';
import { endRefused, endUnbought } from './end-submission.ts';
import type { Outcome } from './outcome.ts';
import type { Purchase } from './purchase.ts';
import { reportProvider } from './report-provider.ts';
import { buildSendableRequest } from './sendable-request.ts';

/**
 * Steps 2 to 6 of a purchase: commit, intent, park, POST, answer.
 *
 * I1  A submission is committed in Redis and its intent is in S3 before the provider can hear of it.
 * I2  Nothing is bought again while an earlier submission of that image might have been accepted: a send is repeated only
 *     under its own task id and only inside the resend window; the next submission needs a proved failure.
 * I3  A live settlement job exists before the POST leaves.
 */
export async function submit(purchase: Purchase, ref: SubmissionRef, signal?: AbortSignal): Promise<Outcome> {
  const { store, provider, waits, around, settings } = purchase;
  const { timing } = settings;

  const startedAt = around.monotonicMs();
  const commitment = await store.commit(ref, around.createToken());
  if (commitment.kind === 'stop') return stop(purchase, ref, commitment);
  const { send, now } = commitment;

  let firstSentAt: number | undefined;
  let addresses: Addresses;
  let unsent: 'no-intent' | 'not-sent' = 'no-intent';
  try {
    firstSentAt = await rememberFirstSend(purchase, ref, commitment);
    unsent = 'not-sent';
    if (firstSentAt === undefined) return await beginNextRound(purchase, ref, send);
    await waits.park(ref, timing.firstPollMs, send > 1);
    addresses = await makeAddresses(purchase, ref, commitment.request);
  } catch (error) {
    // This send surely did not leave. Left open it would keep a later refusal from being final, and the resend window, which
    // counts from it, would close while S3 is away.
    await store.recordVerdict(ref, send, unsent).catch(() => undefined);
    throw error;
  }
  if (signal?.aborted) {
    await store.recordVerdict(ref, send, 'not-sent');
    return { kind: 'release' };
  }
  // Read right before the call, on a clock that went on while this process may have been frozen: a send after the window
  // could be a second purchase.
  const sinceFirstSendMs = now + (around.monotonicMs() - startedAt) - firstSentAt;
  if (sinceFirstSendMs >= timing.resendWindowMs) {
    around.log('submission.resend-window-closed', ref, { sinceFirstSendMs });
    const meaning = await store.recordVerdict(ref, send, 'not-sent');
    return meaning === 'planned' ? { kind: 'snooze', delayMs: timing.troubleMs, why: 'submission.frozen' } : { kind: 'submitted' };
  }
  const verdict = await provider.submit(
    {
      taskUUID: commitment.intent.taskUUID,
      ttlSeconds: Math.max(60, Math.ceil(timing.imageTtlMs / 1000)),
      ...addresses,
    },
    signal,
  );
  return answer(purchase, ref, commitment, verdict);
}

/**
 * Step 3. @returns when the submission was first sent, as far as Redis or S3 remember; undefined when S3 holds the intent of a send
 * of this round that never left.
 */
async function rememberFirstSend(
  { store, archive, around }: Purchase,
  ref: SubmissionRef,
  { intent, unsentAt }: Extract<Commitment, { kind: 'go' }>,
): Promise<number | undefined> {
  const recorded = await archive.recordIntent(intent);
  // Each round is first sent once. If Redis knows of another first send than S3 does, it has lost its memory; and its time may
  // have been set back with it.
  if (recorded.kind === 'recorded' || recorded.intent.firstSentAt === intent.firstSentAt) return intent.firstSentAt;
  if (unsentAt.includes(recorded.intent.firstSentAt)) return undefined;
  const firstSentAt = Math.min(intent.firstSentAt, recorded.intent.firstSentAt);
  await store.adoptIntent(ref, firstSentAt);
  around.log('submission.intent-adopted', ref, { round: intent.round });
  return firstSentAt;
}

/** Nothing was sent in this round, and S3 keeps an intent of it. The next round has one of its own, whose time is that of its send. */
async function beginNextRound({ store, around, settings: { timing } }: Purchase, ref: SubmissionRef, send: number): Promise<Outcome> {
  around.log('submission.intent-unsent', ref);
  await store.recordVerdict(ref, send, 'not-sent');
  // Nobody else would look after it: no settlement is parked yet.
  return { kind: 'snooze', delayMs: timing.troubleMs, why: 'submission.intent-unsent' };
}

type Addresses = Pick<PurchaseOrder, 'request' | 'uploadEndpoint' | 'webhookURL'>;

/** Where the result comes to, and where reference images are read from; secrets that end, made anew for each send. */
async function makeAddresses(
  { archive, around, settings: { timing, askForUpload } }: Purchase,
  ref: SubmissionRef,
  request: GrokImagineRequest,
): Promise<Addresses> {
  const expiresInSeconds = Math.floor(timing.capabilityTtlMs / 1000);
  const uploadEndpoint = askForUpload ? await archive.presignUpload(ref, expiresInSeconds) : undefined;
  const webhookURL = around.webhookUrl(ref);
  return {
    request: await buildSendableRequest(request, (sha256) => archive.presignInput(sha256, expiresInSeconds)),
    ...(uploadEndpoint === undefined ? {} : { uploadEndpoint }),
    ...(webhookURL === undefined ? {} : { webhookURL }),
  };
}

/** Step 6: what the provider said decides, together with what became of the earlier sends. */
async function answer(
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
    case 'burnt':
      return endRefused(purchase, ref, commitment.intent.reservation, meaning, verdict);
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

async function stop(purchase: Purchase, ref: SubmissionRef, stopped: Extract<Commitment, { kind: 'stop' }>): Promise<Outcome> {
  const { waits, around, settings } = purchase;
  const { reason, detail } = stopped;
  const { maxTroubleMs } = settings.timing;
  const troubleMs = backoffMs(maxTroubleMs, maxTroubleMs, 1, around.random);
  const { waitMs = troubleMs } = stopped;
  switch (reason) {
    case 'settled':
    case 'closed':
      // It may have been sent, and the settlement may not be there: the run that committed it died before it parked one, or
      // Redis lost the job and was then told of the acceptance.
      if (reason === 'closed' || detail === 'accepted' || (await wasForgotten(purchase, ref, detail)))
        await waits.park(ref, settings.timing.firstPollMs, true);
      return { kind: 'finished' };
    case 'never-bought':
      return endUnbought(purchase, ref, detail);
    case 'no-record':
      // Never created here (I9). Redis forgot the generation, or its time in Redis is over.
      around.log('submission.without-record', ref);
      return { kind: 'finished' };
    case 'provider-trouble':
      // The whole queue waits with it, and looks often whether the send that tries the provider was answered.
      return { kind: 'throttle', delayMs: Math.min(waitMs, settings.timing.troubleMs), why: reason };
    case 'scheduled':
      // The job came early: an operator promoted it, or it was added again.
      return { kind: 'snooze', delayMs: waitMs, why: reason };
    case 'cap':
    case 'paused':
    case 'not-initialised':
    case 'recovering':
    case 'no-reservation':
      around.log('submission.stopped', ref, { reason, ...(reason === 'cap' ? { period: detail } : {}) });
      // Looked at again soon, although a cap may not reset for weeks: it may be raised, and money be given back.
      return { kind: 'snooze', delayMs: Math.min(waitMs, troubleMs), why: reason };
    default:
      return reason satisfies never;
  }
}

/**
 * Redis says that the submission ended without a send, by a cancel or a deadline, and S3 remembers an intent: Redis has lost
 * its memory in between, and an image that was paid for may come.
 */
async function wasForgotten({ archive, around }: Purchase, ref: SubmissionRef, status: string): Promise<boolean> {
  if (status !== 'failed' || (await archive.findIntent(ref, 0)) === undefined) return false;
  around.log('submission.remembered-by-s3', ref);
  return true;
}
