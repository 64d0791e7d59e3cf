import {
  defined,
  formatUsd,
  GenerationError,
  GenerationIdError,
  generationIdTime,
  InvalidRequestError,
  knownModels,
  type Labels,
  modelOf,
  type NanoUsd,
  type Priority,
  openImageBoundNames,
  QueueFullError,
  QueueUnavailableError,
  RequestConflictError,
  type RequestOutline,
  SpendCapError,
  type StoredRequest,
  StoreNotInitialisedError,
} from '@darkroom/contracts';
import { z } from 'zod';
import { namedReply, number } from '../lua/named.ts';
import { MAX_RUN_AHEAD_DAYS } from './admit-generation.ts';
import { imageRuleNames, uncheckedProblem } from '../settings/image-rules.ts';
import { unreadEnqueueError } from './unread.ts';

/** A producer's order for one generation. */
export interface NewGeneration extends Labels {
  generationId: string;
  tenant: string;
  request: StoredRequest;
  /** By default that of one of this version's models. */
  outline?: RequestOutline;
  /** Hold of each image until it is settled. */
  imageNanoUsd: NanoUsd;
  /** Milliseconds since 1970 after which nothing is bought any more. */
  deadlineAt?: number;
  /** Milliseconds since 1970 before which nothing is bought; the commit then holds its money. */
  runAt?: number;
  /** The caller's own key. A second enqueue with it returns the first generation. */
  idempotencyKey?: string;
  /** The generation whose images it buys again, and their indexes there. */
  retryOf?: string;
  replaces?: readonly number[];
  /** Reason for which an image may be paid for again. */
  payAgainReason?: string;
  /** The trace of its enqueue (W3C Trace Context). */
  traceparent?: string;
  /** Urgency among the generations of its tenant. Defaults to "normal". */
  priority?: Priority;
  /** Withholds the images that the content check does not clear. */
  withholdFlagged?: true;
}

export interface EnqueueReceipt {
  /** "exists": the same enqueue came before. "replayed": the idempotency key belongs to `generationId`, made earlier. */
  kind: 'created' | 'exists' | 'replayed';
  generationId: string;
  /** Earliest time of purchase of that generation, if it was not at once; milliseconds since 1970. */
  runAt?: number;
  /** Numbers of the jobs of its images in the fair line; absent for an earlier generation, and for one that runs later. */
  line?: number[];
  /** Last sign of life of a worker, 0 without one, if none was seen for half a minute; Redis time, in milliseconds since 1970. */
  noWorkerSince?: number;
}

/** The last moment of a Date (ECMA-262, "Time Values and Time Range"). */
const MAX_TIME = 8.64e15;
const timeOf = (at: number): string => new Date(Math.min(at, MAX_TIME)).toISOString();

/** An answer of the script. */
export const enqueueReply = namedReply(
  z.discriminatedUnion('kind', [
    z.object({
      kind: z.enum(['created', 'exists', 'replayed', 'conflict', 'request-gone']),
      id: z.string(),
      runAt: number.optional(),
      line: z.array(number).optional(),
      noWorkerSince: number.optional(),
    }),
    z.object({ kind: z.literal('gone'), id: z.string(), erasedAt: number }),
    z.object({ kind: z.literal('not-free'), id: z.string() }),
    z.object({ kind: z.literal('safety-required'), rule: z.enum(imageRuleNames) }),
    z.object({ kind: z.enum(['not-initialised', 'recovering']) }),
    z.object({ kind: z.enum(['reading', 'damaged']), unreadable: z.string().optional() }),
    z.object({ kind: z.enum(['id-too-old', 'id-ahead', 'deadline-over', 'run-at-out-of-bounds']), now: number }),
    z.object({ kind: z.literal('full'), bound: z.enum(openImageBoundNames), limit: number, open: number }),
    z.object({ kind: z.literal('cap'), period: z.string(), used: number, cap: number, resetsAt: number, now: number }),
  ]),
);

/** Returns the outline of a new generation: its own, or that of one of this version's models. */
export const outlineOf = ({ request, outline }: NewGeneration): RequestOutline => outline ?? modelOf(knownModels, request).outline(request);

/** Describes a time until: in minutes, or in hours if it is long. */
const durationOf = (ms: number): string => (ms > 2 * 3_600_000 ? `${Math.round(ms / 3_600_000)} h` : `${Math.ceil(ms / 60_000)} min`);

export type EnqueueReply = z.infer<typeof enqueueReply>;

/** Returns the receipt that an answer means, or throws the error. The testing producer answers in the same words. */
export function receiptOf(reply: EnqueueReply, generation: NewGeneration): EnqueueReceipt {
  const { generationId, request, imageNanoUsd } = generation;
  switch (reply.kind) {
    case 'not-initialised':
      throw new StoreNotInitialisedError();
    case 'recovering':
      throw new QueueUnavailableError(
        `could not enqueue generation "${generationId}": redis restarted, and S3 is being asked whether the generation or its idempotency key is an earlier one; nothing was queued, call again in some seconds`,
        { reached: 'no', generationId, details: { reason: 'recovering' } },
      );
    case 'reading':
    case 'damaged':
      throw unreadEnqueueError(generationId, reply.kind, reply.unreadable);
    case 'cap': {
      const { period, used, cap, resetsAt, now } = reply;
      throw new SpendCapError(
        `generation "${generationId}" would cost up to ${formatUsd(imageNanoUsd * request.numberResults)} USD, and of the cap of ${formatUsd(cap)} USD for "${period}" ${formatUsd(used)} USD are spent or held; it resets at ${new Date(resetsAt).toISOString()} (in ${durationOf(resetsAt - now)}), and \`darkroom caps\` raises it; nothing was queued or bought`,
        resetsAt,
        { details: { period, capUsd: formatUsd(cap), usedUsd: formatUsd(used) } },
      );
    }
    case 'full':
      throw new QueueFullError(generationId, request.numberResults, reply);
    case 'id-too-old':
      throw new GenerationIdError(
        `redis does not know generation "${generationId}", whose id was minted at ${timeOf(generationIdTime(generationId))}, more than 24 hours before redis time, ${timeOf(reply.now)}; this call queued nothing, and whether an earlier call did is told by the records in S3; only a new id is bought`,
        reply.now,
        { details: { redisTime: timeOf(reply.now) } },
      );
    case 'id-ahead':
      throw new GenerationIdError(
        `generation "${generationId}" has an id of ${timeOf(generationIdTime(generationId))}, more than five minutes ahead of redis time, ${timeOf(reply.now)}: the clock that it was minted by is wrong; nothing was queued or bought`,
        reply.now,
        { details: { redisTime: timeOf(reply.now) } },
      );
    case 'deadline-over':
      throw new InvalidRequestError(
        [
          {
            path: 'options.deadlineAt',
            message: `must be in the future; redis time is ${timeOf(reply.now)}`,
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
            message: `must be a moment in the next ${MAX_RUN_AHEAD_DAYS} days; redis time is ${timeOf(reply.now)}`,
            given: timeOf(generation.runAt ?? 0),
          },
        ],
        { enqueues: true },
      );
    case 'conflict':
      throw new RequestConflictError(
        reply.id === generationId
          ? `generation "${generationId}" was enqueued before with another request; nothing was queued or bought`
          : `the idempotency key belongs to generation "${reply.id}", which was enqueued with another request; nothing was queued or bought`,
        { details: { generationId: reply.id }, code: reply.id === generationId ? 'request.conflict' : 'request.key-reused' },
      );
    case 'gone':
      throw new GenerationError(
        'generation.erased',
        `${reply.id === generationId ? `generation "${reply.id}"` : `the idempotency key belongs to generation "${reply.id}", which`} was erased at ${timeOf(reply.erasedAt)}; nothing was queued or bought, and an order with another id and key is a new one`,
        { details: { generationId: reply.id, erasedAt: reply.erasedAt } },
      );
    case 'request-gone':
      throw new RequestConflictError(
        `${reply.id === generationId ? 'the generation' : `the idempotency key belongs to generation "${reply.id}", which`} was enqueued before, and its request is erased or lost: nothing tells whether this one is the same; nothing was queued or bought`,
        { details: { generationId: reply.id } },
      );
    case 'safety-required':
      throw new InvalidRequestError([uncheckedProblem(reply.rule, generation.tenant)], { enqueues: true });
    case 'not-free':
      throw new RequestConflictError(
        `generation id "${generationId}" is not free for this tenant: leave it out, or mint another one with \`createGenerationId\`; nothing was queued or bought`,
      );
    default: {
      const { kind, id, runAt, line, noWorkerSince } = reply;
      return defined({ kind, generationId: id, runAt, line, noWorkerSince });
    }
  }
}
