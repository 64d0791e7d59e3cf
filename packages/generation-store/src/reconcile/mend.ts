import { submissionStatuses, type GenerationPicture, type Mended, type KnownGeneration, type SubmissionRef } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { readRecord, whole } from '../corrupt-record.ts';
import { generationKey, refArguments } from '../keys.ts';
import { mendScript, noteLookScript, knownScript } from '../scripts/mend.ts';

const number = z.coerce.number();
const optionalNumber = z.union([z.literal('').transform(() => undefined), whole]);
const optionalStatus = z.enum(['', ...submissionStatuses]).transform((status) => (status === '' ? undefined : status));

const mendedSchema = z.tuple([
  z.enum(['hold-missing', 'hold-left', 'miscounted', 'not-folded', 'not-retired', 'not-indexed', 'idempotency-key-missing']),
  z.union([z.number(), z.literal('')]),
  z.union([z.number(), z.literal('')]),
]);
const submissionSchema = z.tuple([z.number(), z.number(), optionalStatus, number, number, optionalNumber]);
const mendReplySchema = z.union([
  z.tuple([z.enum(['no-turn', 'no-record'])]),
  z.tuple([z.literal('found'), number, z.string(), optionalNumber, z.array(submissionSchema), z.array(mendedSchema)]),
]);

const knownReplySchema = z.tuple([number, z.number()]).rest(z.tuple([optionalStatus, number, number, optionalNumber, number]));

/** What a look at one generation found. */
export type MendReply = { kind: 'no-turn' | 'no-record' } | { kind: 'found'; picture: GenerationPicture; mended: Mended[] };

/** Puts right what is wrong inside the record of a generation, and tells the rest of it. @param turn Its name and who holds it. */
export async function mend(redis: Redis, prefix: string, generationId: string, turn: { name: string; holder: string }): Promise<MendReply> {
  const reply = mendReplySchema.parse(
    await mendScript.run(redis, generationKey(prefix, generationId), [prefix, generationId, turn.name, turn.holder]),
  );
  if (reply[0] !== 'found') return { kind: reply[0] };
  const [, now, status, deadlineAt, submissions, mended] = reply;
  return {
    kind: 'found',
    picture: {
      now,
      isOpen: status === 'queued' || status === 'running',
      ...(deadlineAt === undefined ? {} : { deadlineAt }),
      submissions: submissions.map(([index, n, submissionStatus, sends, settlements, firstSentAt]) => ({
        ref: { generationId, index, n },
        ...(submissionStatus === undefined ? {} : { status: submissionStatus }),
        sends,
        settlements,
        ...(firstSentAt === undefined ? {} : { firstSentAt }),
      })),
    },
    mended: mended.map(([kind, index, n]) => ({ kind, ...(index === '' ? {} : { index }), ...(n === '' ? {} : { n }) })),
  };
}

/** What Redis knows of submissions of one generation. */
export async function readKnown(
  redis: Redis,
  prefix: string,
  generationId: string,
  refs: readonly SubmissionRef[],
): Promise<KnownGeneration> {
  const key = generationKey(prefix, generationId);
  const reply = await knownScript.run(redis, key, [prefix, generationId, ...refs.map(({ index, n }) => `${index}-${n}`)]);
  const [now, isKnown, ...rows] = readRecord(key, knownReplySchema, reply);
  return {
    now,
    isKnown: isKnown === 1,
    submissions: rows.map(([status, sends, round, settledAt, lookedAt]) => ({
      sends,
      round,
      lookedAt,
      ...(status === undefined ? {} : { status }),
      ...(settledAt === undefined ? {} : { settledAt }),
    })),
  };
}

/** Notes that the settlement of a submission was woken for what lay in S3 by then. @param lookedAt Milliseconds since 1970. */
export async function noteLook(redis: Redis, prefix: string, ref: SubmissionRef, lookedAt: number): Promise<void> {
  await noteLookScript.run(redis, generationKey(prefix, ref.generationId), [...refArguments(prefix, ref), lookedAt]);
}
