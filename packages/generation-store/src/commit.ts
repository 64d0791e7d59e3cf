import {
  parseStoredGrokImagineRequest,
  taskUuidOf,
  type GrokImagineRequest,
  type Intent,
  type SubmissionRef,
  type SubmitVerdict,
} from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { generationKey, refArguments } from './keys.ts';
import { adoptIntentScript, commitScript } from './scripts/commit.ts';
import { recordVerdictScript } from './scripts/record-verdict.ts';

/** Why a submission is not bought now. */
const stopReasons = ['not-initialised', 'no-record', 'settled', 'closed', 'never-bought', 'paused', 'no-reservation'] as const;
export type StopReason = (typeof stopReasons)[number];

export type CommitReply =
  | { kind: 'stop'; reason: StopReason; detail: string }
  | {
      kind: 'go';
      /** The number of the send that was opened. */
      send: number;
      /** As far as Redis knows, nothing of this submission can have been accepted before. */
      fresh: boolean;
      /** Redis time, in milliseconds since 1970. */
      now: number;
      intent: Intent;
      request: GrokImagineRequest;
    };

/** What came of one send. `no-intent`: it did not leave, because its intent could not be written to S3. */
export type SendVerdict = SubmitVerdict['kind'] | 'no-intent';

/** What a verdict means for the submission; see `recordVerdictScript`. */
export type VerdictMeaning = 'accepted' | 'planned' | 'unproven' | 'refused' | 'burnt';

const number = z.coerce.number();
const commitReplySchema = z.union([
  z.tuple([z.literal('stop'), z.enum(stopReasons), z.string().optional()]),
  z.tuple([
    z.literal('go'),
    number,
    number,
    number,
    number,
    z.enum(['0', '1']),
    z.string(),
    z.string(),
    number,
    number,
    z.string(),
    z.string(),
    z.string(),
    z.string(),
    number,
    z.string(),
  ]),
]);

/** Decides whether a submission is bought now, and opens a send if so. @param token Unique to this call: the same token gets the same answer. */
export async function commit(redis: Redis, prefix: string, ref: SubmissionRef, token: string): Promise<CommitReply> {
  const reply = commitReplySchema.parse(
    await commitScript.run(redis, generationKey(prefix, ref.generationId), [...refArguments(prefix, ref), token]),
  );
  if (reply[0] === 'stop') return { kind: 'stop', reason: reply[1], detail: reply[2] ?? '' };
  const [
    ,
    send,
    firstSentAt,
    now,
    round,
    fresh,
    requestJson,
    tenant,
    images,
    createdAt,
    deadlineAt,
    idempotencyKeyHash,
    clientReference,
    retryOf,
    amountNanoUsd,
    periods,
  ] = reply;
  const request = parseStoredGrokImagineRequest(JSON.parse(requestJson));
  return {
    kind: 'go',
    send,
    fresh: fresh === '1',
    now,
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
  return z.enum(['accepted', 'planned', 'unproven', 'refused', 'burnt']).parse(reply);
}
