import {
  submissionStatuses,
  submissionStatusesBefore,
  type MissingImage,
  type PutQuestion,
  type Settlement,
  type SettleReply,
  type SubmissionRef,
  type SubmissionView,
  type TaskFacts,
  type VerifiedImage,
} from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { readRecord } from './corrupt-record.ts';
import { generationKey, refArguments, submissionKey } from './keys.ts';
import { recordLookScript } from './scripts/record-verdict.ts';
import {
  beginSettlementScript,
  recordFactsScript,
  recordKeptImageScript,
  recordMissingImageScript,
  recordQuestionScript,
  settleScript,
} from './scripts/settle.ts';
import { fieldsOf, flatHashSchema, generationFieldsSchema, submissionFieldsSchema } from './submission-fields.ts';

const number = z.coerce.number();

const beginReplySchema = z.union([
  z.tuple([z.literal('no-record')]),
  z.tuple([z.literal('found'), number, flatHashSchema, flatHashSchema, z.string(), z.enum(['', 'proved', 'provable', 'unprovable'])]),
]);

/** Reads a submission at the start of a settlement; undefined when Redis has no record of it. */
export async function beginSettlement(redis: Redis, prefix: string, ref: SubmissionRef): Promise<SubmissionView | undefined> {
  const reply = beginReplySchema.parse(
    await beginSettlementScript.run(redis, generationKey(prefix, ref.generationId), refArguments(prefix, ref)),
  );
  if (reply[0] === 'no-record') return undefined;
  const [, now, generationHash, submissionHash, nextPlanned, conflict] = reply;
  const generation = readRecord(generationKey(prefix, ref.generationId), generationFieldsSchema, fieldsOf(generationHash));
  const submission = readRecord(submissionKey(prefix, ref), submissionFieldsSchema, fieldsOf(submissionHash));
  const { asked, deliveredAt, firstSentAt, succeededSeenAt, missingAt, quarantineKey, facts, told, toldAt = now, image } = submission;
  return {
    now,
    status: submission.status,
    request: generation.request,
    generationClosed: generation.status !== 'queued' && generation.status !== 'running',
    round: submission.round,
    sends: submission.sends,
    deliverySeq: submission.deliverySeq,
    settlements: submission.settlements,
    polls: submission.polls,
    looks: submission.looks,
    hasConflicted: submission.conflictAt !== undefined,
    strikes: submission.strikes,
    reservation: { amountNanoUsd: submission.reserved, periods: submission.periods },
    ...(generation.runAt === undefined ? {} : { runAt: generation.runAt }),
    ...(deliveredAt === undefined ? {} : { deliveredAt }),
    ...(asked === undefined ? {} : { asked: { seq: asked.seq, leftMs: leftMs(asked, now) } }),
    ...(firstSentAt === undefined ? {} : { firstSentAt }),
    ...(succeededSeenAt === undefined ? {} : { succeededSeenAt }),
    ...(conflict === '' ? {} : { conflict }),
    ...(missingAt === undefined ? {} : { missingAt }),
    ...(quarantineKey === undefined ? {} : { quarantineKey }),
    ...(facts === undefined ? {} : { facts: withoutUndefined(facts) }),
    ...(told === undefined ? {} : { told: { what: told === 'unclear' ? told : withoutUndefined(told), at: toldAt } }),
    ...(image === undefined ? {} : { image }),
    ...(nextPlanned === '' ? {} : { nextPlanned: Number(nextPlanned) }),
  };
}

/** A time that lies ahead was written before the clock of Redis went back: then the question is due. */
const leftMs = ({ at, againInMs }: { at: number; againInMs: number }, now: number): number =>
  at > now ? 0 : Math.max(0, at + againInMs - now);

/** Notes a question that was put, so that only a newer delivery causes another one before its time. */
export async function recordQuestion(redis: Redis, prefix: string, ref: SubmissionRef, { seq, againInMs }: PutQuestion): Promise<void> {
  const key = generationKey(prefix, ref.generationId);
  await recordQuestionScript.run(redis, key, [...refArguments(prefix, ref), seq, Math.round(againInMs)]);
}

/** Keeps what both questions were answered. @returns since when the provider did not know the task after a conflict, in milliseconds. */
export async function recordLook(redis: Redis, prefix: string, ref: SubmissionRef, answer: 'known' | 'not-known'): Promise<number> {
  const key = generationKey(prefix, ref.generationId);
  return number.parse(await recordLookScript.run(redis, key, [...refArguments(prefix, ref), answer]));
}

/** Keeps what the provider said of a finished task. */
export async function recordFacts(redis: Redis, prefix: string, ref: SubmissionRef, facts: TaskFacts): Promise<void> {
  await recordFactsScript.run(redis, generationKey(prefix, ref.generationId), [...refArguments(prefix, ref), JSON.stringify(facts)]);
}

/** Keeps that the image lies under its final key. */
export async function recordKeptImage(
  redis: Redis,
  prefix: string,
  ref: SubmissionRef,
  image: VerifiedImage,
  isLook: boolean,
): Promise<void> {
  const key = generationKey(prefix, ref.generationId);
  await recordKeptImageScript.run(redis, key, [...refArguments(prefix, ref), JSON.stringify(image), isLook ? 1 : 0]);
}

/** Notes that an image which is made could not be had. @returns for how long it has been asked for, in milliseconds. */
export async function recordMissingImage(
  redis: Redis,
  prefix: string,
  ref: SubmissionRef,
  { maxGapMs, quarantineKey = '' }: MissingImage,
): Promise<number> {
  const key = generationKey(prefix, ref.generationId);
  return number.parse(await recordMissingImageScript.run(redis, key, [...refArguments(prefix, ref), maxGapMs, quarantineKey]));
}

const settleReplySchema = z.tuple([z.enum(['settled', 'already', 'refused-move', 'no-record', 'resubmit'])], z.string());

/** Ends a submission; its result must lie in S3 before. */
export async function settle(redis: Redis, prefix: string, ref: SubmissionRef, settlement: Settlement): Promise<SettleReply> {
  const { result, code, countsAsFailure, mayResubmit, maxSubmissions } = settlement;
  const [kind, detail] = settleReplySchema.parse(
    await settleScript.run(redis, generationKey(prefix, ref.generationId), [
      ...refArguments(prefix, ref),
      result.status,
      ` ${submissionStatusesBefore(result.status).join(' ')} `,
      code,
      result.costNanoUsd ?? 0,
      JSON.stringify(result),
      countsAsFailure ? 1 : 0,
      mayResubmit ? 1 : 0,
      maxSubmissions,
      result.costSource,
    ]),
  );
  switch (kind) {
    case 'resubmit':
      return { kind, n: Number(detail) };
    case 'already':
      // the first run may have died before it added the job of the next submission
      return detail === '' || detail === undefined ? { kind } : { kind: 'resubmit', n: Number(detail) };
    case 'refused-move':
      return { kind, from: z.enum(submissionStatuses).parse(detail) };
    default:
      return { kind };
  }
}

function withoutUndefined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  }; // only absent fields were dropped
}
