import {
  formatUsd,
  GenerationIdError,
  generationIdTime,
  InvalidRequestError,
  QueueUnavailableError,
  RequestConflictError,
  SpendCapError,
  StoreNotInitialisedError,
  type GrokImagineRequest,
  type NanoUsd,
} from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { generationKey } from './keys.ts';
import { generationArguments, sha256 } from './generation-arguments.ts';
import type { Retention } from './retention.ts';
import { enqueueScript, MAX_RUN_AHEAD_DAYS } from './scripts/enqueue.ts';

/** What a producer writes for one generation. */
export interface NewGeneration {
  generationId: string;
  tenant: string;
  request: GrokImagineRequest;
  /** Held for each image until it is settled. */
  imageNanoUsd: NanoUsd;
  /** Milliseconds since 1970 after which nothing is bought any more. */
  deadlineAt?: number;
  /** Milliseconds since 1970 before which nothing is bought; its money is held then. */
  runAt?: number;
  /** The caller's own key: a second enqueue with it answers with the first generation. */
  idempotencyKey?: string;
  retryOf?: string;
}

export interface EnqueueReceipt {
  /** "exists": the same enqueue came before. "replayed": the idempotency key belongs to `generationId`, made earlier. */
  kind: 'created' | 'exists' | 'replayed';
  generationId: string;
  /** When that generation is to be bought, if it was not at once; milliseconds since 1970. */
  runAt?: number;
}

/** The last moment of a Date (ECMA-262, "Time Values and Time Range"). */
const MAX_TIME = 8.64e15;
const timeOf = (at: number): string => new Date(Math.min(at, MAX_TIME)).toISOString();

const replySchema = z.union([
  z.tuple([z.enum(['created', 'exists', 'replayed', 'conflict']), z.string(), z.string()]),
  z.tuple([z.enum(['not-initialised', 'recovering', 'reading'])]),
  z.tuple([z.enum(['id-too-old', 'id-ahead', 'deadline-over', 'run-at-out-of-bounds']), z.coerce.number()]),
  z.tuple([z.literal('cap'), z.string(), z.coerce.number(), z.coerce.number(), z.coerce.number(), z.coerce.number()]),
]);

/**
 * Writes a generation, its submissions and their holds in one step; a second time it changes nothing.
 * @throws StoreNotInitialisedError, SpendCapError, RequestConflictError; GenerationIdError for an id that Redis does not know and that is
 * too old or too far ahead; InvalidRequestError for a deadline that has passed or a time to run that is out of bounds, by Redis time;
 * QueueUnavailableError when Redis restarted and it is not known yet whether it has forgotten the generation or its idempotency key
 */
export async function enqueueGeneration(
  redis: Redis,
  prefix: string,
  retention: Retention,
  generation: NewGeneration,
): Promise<EnqueueReceipt> {
  const { generationId, request, imageNanoUsd, idempotencyKey } = generation;
  const reply = replySchema.parse(
    await enqueueScript.run(
      redis,
      generationKey(prefix, generationId),
      generationArguments(prefix, retention, {
        ...generation,
        ...(idempotencyKey === undefined ? {} : { idempotencyKeyHash: sha256(idempotencyKey) }),
      }),
    ),
  );
  switch (reply[0]) {
    case 'not-initialised':
      throw new StoreNotInitialisedError();
    case 'recovering':
      throw new QueueUnavailableError(
        `could not enqueue generation "${generationId}": redis restarted, and S3 is being asked whether the generation or its idempotency key is an earlier one; nothing was queued, call again in some seconds`,
        { reached: 'no', generationId, details: { reason: 'recovering' } },
      );
    case 'reading':
      throw new QueueUnavailableError(
        `could not enqueue generation "${generationId}": redis lost its memory, and the rebuild that opened it again goes on to read what S3 remembers; whether the generation or its idempotency key is an earlier one is known when it has ended. Nothing was queued; call again later, or enqueue under a new id without an idempotency key`,
        { reached: 'no', generationId, details: { reason: 'reading' } },
      );
    case 'cap': {
      const [, period, used, cap, resetsAt, now] = reply;
      const minutes = Math.ceil((resetsAt - now) / 60_000);
      throw new SpendCapError(
        `generation "${generationId}" would cost up to ${formatUsd(imageNanoUsd * request.numberResults)} USD, and of the cap of ${formatUsd(cap)} USD for "${period}" ${formatUsd(used)} USD are spent or held; it resets at ${new Date(resetsAt).toISOString()} (in ${minutes} min); nothing was queued or bought`,
        resetsAt,
        { details: { period, capUsd: formatUsd(cap), usedUsd: formatUsd(used) } },
      );
    }
    case 'id-too-old':
      throw new GenerationIdError(
        `redis does not know generation "${generationId}", whose id was minted at ${timeOf(generationIdTime(generationId))}, more than 24 hours before redis time, ${timeOf(reply[1])}; this call queued nothing, and whether an earlier call did is told by the records in S3; only a new id is bought`,
        reply[1],
        { details: { redisTime: timeOf(reply[1]) } },
      );
    case 'id-ahead':
      throw new GenerationIdError(
        `generation "${generationId}" has an id of ${timeOf(generationIdTime(generationId))}, more than five minutes ahead of redis time, ${timeOf(reply[1])}: the clock that it was minted by is wrong; nothing was queued or bought`,
        reply[1],
        { details: { redisTime: timeOf(reply[1]) } },
      );
    case 'deadline-over':
      throw new InvalidRequestError(
        [
          {
            path: 'options.deadlineAt',
            message: `must be in the future; redis time is ${timeOf(reply[1])}`,
            given: timeOf(generation.deadlineAt ?? 0),
          },
        ],
        { enqueues: true },
      );
    case 'run-at-out-of-bounds':
      throw new InvalidRequestError(
        [
          {
            path: 'options.runAt',
            message: `must be a moment in the next ${MAX_RUN_AHEAD_DAYS} days; redis time is ${timeOf(reply[1])}`,
            given: timeOf(generation.runAt ?? 0),
          },
        ],
        { enqueues: true },
      );
    case 'conflict':
      throw new RequestConflictError(
        reply[1] === generationId
          ? `generation "${generationId}" was enqueued before with another request; nothing was queued or bought`
          : `the idempotency key belongs to generation "${reply[1]}", which was enqueued with another request; nothing was queued or bought`,
      );
    default: {
      const [kind, id, storedRunAt] = reply;
      return { kind, generationId: id, ...(storedRunAt === '' ? {} : { runAt: Number(storedRunAt) }) };
    }
  }
}
