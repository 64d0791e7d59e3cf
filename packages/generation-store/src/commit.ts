import {
  commitStops,
  taskUuidOf,
  type Commitment,
  type GrokImagineRequest,
  type SendVerdict,
  type SubmissionRef,
  type VerdictMeaning,
} from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { readRecord } from './corrupt-record.ts';
import { generationKey, refArguments } from './keys.ts';
import { adoptIntentScript, commitScript, isNewestSendScript } from './scripts/commit.ts';
import { recordRefusalSeenScript, recordVerdictScript } from './scripts/record-verdict.ts';
import { createSeenState, type SeenState } from './seen-state.ts';
import { storedRequest } from './submission-fields.ts';

const number = z.coerce.number();
const commitReplySchema = z.union([
  z.tuple([z.literal('stop'), z.enum(commitStops), z.string().optional(), number.optional(), number.optional()]),
  z.tuple([
    z.literal('go'),
    number,
    number,
    number,
    number,
    z.enum(['0', '1']),
    z.string().transform((times) => times.split(' ').filter(Boolean).map(Number)),
    z.string(),
    z.string(),
    number,
    number,
    z.string(),
    z.string(),
    z.string(),
    z.string(),
    z.string(),
    number,
    z.string(),
    number,
    number,
  ]),
]);

/**
 * Decides whether a submission is bought now, and opens a send if so.
 * @param token Unique to this call: the same token gets the same answer.
 * @param ownerId The Darkroom that this process works for; in the Redis of another one nothing is bought. Without it any is taken.
 * @param seen Nothing is bought in an older state of the store.
 */
export async function commit(
  redis: Redis,
  prefix: string,
  ref: SubmissionRef,
  token: string,
  ownerId = '',
  seen: SeenState = createSeenState(),
): Promise<Commitment> {
  const reply = commitReplySchema.parse(
    await commitScript.run(redis, generationKey(prefix, ref.generationId), [
      ...refArguments(prefix, ref),
      token,
      ownerId,
      ...seen.asArguments(),
    ]),
  );
  if (reply[0] === 'stop') {
    const [, reason, detail = '', waitMs, behindMs = 0] = reply;
    return { kind: 'stop', reason, detail, ...(waitMs === undefined ? {} : { waitMs }), ...(behindMs === 0 ? {} : { behindMs }) };
  }
  const [
    ,
    send,
    firstSentAt,
    now,
    round,
    fresh,
    unsentAt,
    requestJson,
    tenant,
    images,
    createdAt,
    deadlineAt,
    idempotencyKeyHash,
    clientReference,
    retryOf,
    runAt,
    amountNanoUsd,
    periods,
    providerFailures,
    rejections,
  ] = reply;
  const key = generationKey(prefix, ref.generationId);
  let request: GrokImagineRequest;
  try {
    request = readRecord(key, storedRequest, requestJson);
  } catch (error) {
    // The send was opened and surely does not leave.
    await recordVerdict(redis, prefix, ref, send, 'no-intent');
    throw error;
  }
  return {
    kind: 'go',
    send,
    fresh: fresh === '1',
    wasRefused: rejections > 0,
    providerFailures,
    now,
    unsentAt,
    request,
    intent: {
      version: 1,
      ...ref,
      taskUUID: taskUuidOf(ref),
      round,
      firstSentAt,
      tenant,
      images,
      createdAt,
      reservation: { amountNanoUsd, periods: periods.split(' ') },
      request: { ...request },
      ...(deadlineAt === '' ? {} : { deadlineAt: Number(deadlineAt) }),
      ...(runAt === '' ? {} : { runAt: Number(runAt) }),
      ...(idempotencyKeyHash === '' ? {} : { idempotencyKeyHash }),
      ...(clientReference === '' ? {} : { clientReference }),
      ...(retryOf === '' ? {} : { retryOf }),
    },
  };
}

/** Goes on as a re-send of a send that Redis forgot and S3 remembers. */
export async function adoptIntent(redis: Redis, prefix: string, ref: SubmissionRef, firstSentAt: number): Promise<void> {
  await adoptIntentScript.run(redis, generationKey(prefix, ref.generationId), [...refArguments(prefix, ref), firstSentAt]);
}

/** Whether no send of the submission was opened after this one, and Redis has forgotten nothing since. */
export async function isNewestSend(redis: Redis, prefix: string, ref: SubmissionRef, send: number): Promise<boolean> {
  return (await isNewestSendScript.run(redis, generationKey(prefix, ref.generationId), [...refArguments(prefix, ref), send])) === 1;
}

/** Keeps what one send came to. */
export async function recordVerdict(
  redis: Redis,
  prefix: string,
  ref: SubmissionRef,
  send: number,
  verdict: SendVerdict,
): Promise<VerdictMeaning> {
  const reply = await recordVerdictScript.run(redis, generationKey(prefix, ref.generationId), [
    ...refArguments(prefix, ref),
    send,
    verdict,
  ]);
  return z.enum(['accepted', 'planned', 'unproven', 'refused']).parse(reply);
}

/** Keeps that the audit trail showed a refusal as the last response to the id, before this send left. */
export async function recordRefusalSeen(redis: Redis, prefix: string, ref: SubmissionRef, send: number): Promise<void> {
  await recordRefusalSeenScript.run(redis, generationKey(prefix, ref.generationId), [...refArguments(prefix, ref), send]);
}
