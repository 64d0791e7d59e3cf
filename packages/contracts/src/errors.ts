import type { ErrorCode } from './error-codes.ts';
import { formatProblems, ProblemList, type Problem } from './problems.ts';

export interface DarkroomErrorOptions {
  cause?: unknown;
  /** Safe to log: no key, capability, presigned URL or prompt. */
  details?: Readonly<Record<string, string | number | boolean>>;
}

/** Base of all errors. `retryable` is true if the same call may succeed later without a change. */
export abstract class DarkroomError extends Error {
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly details: Readonly<Record<string, string | number | boolean>>;

  constructor(code: ErrorCode, message: string, retryable: boolean, options: DarkroomErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.retryable = retryable;
    this.details = options.details ?? {};
  }
}

/** Base of the errors that list the problems of an input. */
abstract class ProblemsError extends DarkroomError {
  /** At most the first 50, fewer if they are long. */
  readonly problems: readonly Problem[];
  /** Number of all problems, listed or not. */
  readonly problemCount: number;
  constructor(code: ErrorCode, first: (count: number) => string, problems: ProblemList, options?: DarkroomErrorOptions) {
    super(code, `${first(problems.count)}\n${formatProblems(problems)}`, false, options);
    this.problems = problems.told;
    this.problemCount = problems.count;
  }
}

const listOf = (problems: readonly Problem[] | ProblemList): ProblemList =>
  problems instanceof ProblemList ? problems : ProblemList.of(problems);

/** The caller must change the request. Counts all problems and lists the first of them. */
export class InvalidRequestError extends ProblemsError {
  /** @param options `enqueues` is true for a call that enqueues: its message adds that nothing was queued. */
  constructor(problems: readonly Problem[] | ProblemList, options: DarkroomErrorOptions & { enqueues?: boolean } = {}) {
    super(
      'request.invalid',
      (count) =>
        `the ${options.enqueues === true ? 'request' : 'call'} has ${count} problem${count === 1 ? '' : 's'}${options.enqueues === true ? '; nothing was queued or bought' : ''}`,
      listOf(problems),
      options,
    );
  }
}

/** The caller must choose another generation id or idempotency key, or send the request that it was first used for. */
export class RequestConflictError extends DarkroomError {
  constructor(message: string, options: DarkroomErrorOptions & { code?: 'request.conflict' | 'request.key-reused' } = {}) {
    super(options.code ?? 'request.conflict', message, false, options);
  }
}

/** The caller must check the fate of the old generation id and then mint a new one, or set its clock right. */
export class GenerationIdError extends DarkroomError {
  /** Redis time when the id was refused, in milliseconds since 1970. */
  readonly redisTime: number;
  constructor(message: string, redisTime: number, options?: DarkroomErrorOptions) {
    super('request.id-out-of-time', message, false, options);
    this.redisTime = redisTime;
  }
}

/** The operator must correct the settings. Counts all problems and lists the first of them. */
export class ConfigError extends ProblemsError {
  constructor(problems: readonly Problem[] | ProblemList, options?: DarkroomErrorOptions) {
    super('config.invalid', (count) => `${count} setting${count === 1 ? ' is' : 's are'} wrong`, listOf(problems), options);
  }
}

/** Tells if a request arrived at its destination. */
export type Reached = 'no' | 'maybe' | 'yes';

/** Redis did not answer. The caller may call again with the same `generationId`, which never buys twice. */
export class QueueUnavailableError extends DarkroomError {
  readonly generationId: string | undefined;
  readonly reached: Reached;
  constructor(message: string, options: DarkroomErrorOptions & { generationId?: string; reached: Reached }) {
    super('queue.unavailable', message, true, options);
    this.generationId = options.generationId;
    this.reached = options.reached;
  }
}

/** Reasons of a Redis that has lost, or may have lost, what was written a moment ago. */
const lossReasons: readonly unknown[] = ['recovering', 'reading', 'damaged'];

/**
 * Turns the error of a read into one about the write before it in the same call: the caller must not take it for a refusal.
 * @param done The write, in words. @param cause Returned as it is, unless Redis did not answer or does not know the generation any more.
 */
export function afterWrite(generationId: string, done: 'enqueued' | 'cancelled', cause: unknown): unknown {
  const { reason } = cause instanceof DarkroomError ? cause.details : {};
  if (hasCode(cause, 'generation.not-found') || hasCode(cause, 'store.not-initialised') || lossReasons.includes(reason))
    return new QueueUnavailableError(
      `generation "${generationId}" was ${done}, and redis does not know it any more: it lost its last moments, as in a failover. Make the same call again, with this generation id, the same idempotency key or the same retry; nothing is bought twice`,
      { reached: 'maybe', generationId, cause },
    );
  if (!hasCode(cause, 'queue.unavailable') && !hasCode(cause, 'store.newer-format')) return cause;
  return new QueueUnavailableError(
    `generation "${generationId}" is ${done}, and could not be read after that: ask for it by this id, or make the same call again with this generation id, the same idempotency key or the same retry`,
    { reached: 'yes', generationId, cause, ...(reason !== undefined && { details: { reason } }) },
  );
}

/** The state of each generation of a batch when the first error occurred. */
export interface EnqueueProgress {
  /** All ids in the order of the requests. Enqueueing them again never buys twice. */
  readonly generationIds: readonly string[];
  /** Enqueued now or before. */
  readonly written: readonly string[];
  /** May have been enqueued: Redis did not answer, it holds the entry and its jobs may be missing, or a key of another type stopped it half-way. */
  readonly maybeWritten: readonly string[];
  /** Certainly not enqueued: refused or not sent. */
  readonly notWritten: readonly string[];
}

/** The caller may call again with the same `generationIds`. `cause` is the first error, whose class says who must act. */
export class EnqueueManyError extends DarkroomError implements EnqueueProgress {
  readonly generationIds: readonly string[];
  readonly written: readonly string[];
  readonly maybeWritten: readonly string[];
  readonly notWritten: readonly string[];
  constructor({ generationIds, written, maybeWritten, notWritten }: EnqueueProgress, options: DarkroomErrorOptions = {}) {
    const { cause } = options;
    super(
      'queue.partly-enqueued',
      `of ${generationIds.length} generations ${written.length} were enqueued, ${maybeWritten.length} may have been and ${notWritten.length} were not; calling again with the same generationIds is safe${cause instanceof Error ? `: ${ofOne(cause.message)}` : ''}`,
      !(cause instanceof DarkroomError) || cause.retryable,
      options,
    );
    this.generationIds = generationIds;
    this.written = written;
    this.maybeWritten = maybeWritten;
    this.notWritten = notWritten;
  }
}

/** Makes the words of an error about one generation of many true beside those about the others. */
const ofOne = (message: string): string => message.replace('; nothing was queued', '; of that one nothing was queued');

/** The operator must start a worker (first start), or rebuild (Redis lost its memory). */
export class StoreNotInitialisedError extends DarkroomError {
  constructor(options?: DarkroomErrorOptions) {
    super(
      'store.not-initialised',
      'Redis holds no darkroom epoch here: compare database and prefix with those of the workers; start a worker once on a new bucket; or, if Redis lost its memory, bring it back from the bucket with `npm run rebuild`; nothing was queued or bought',
      true,
      options,
    );
  }
}

/** The operator must give Redis and workers the bucket that belongs to them. */
export class ForeignBucketError extends DarkroomError {
  /** @param why What was found where, and what to do. */
  constructor(why: string, options?: DarkroomErrorOptions) {
    super('store.foreign-bucket', `${why}; nothing is bought`, false, options);
  }
}

/**
 * The operator must empty Redis and rebuild it from the bucket (docs/operations/rebuild.md): its data is so old that a lost entry cannot be
 * told from an expired one.
 */
export class RebuildNeededError extends DarkroomError {
  constructor(generationId: string, options?: DarkroomErrorOptions) {
    super(
      'store.rebuild-needed',
      `Redis came back as it was more than five days ago, and lacks generation "${generationId}", which was bought since: empty it and bring it back from the bucket with \`npm run rebuild\`; nothing is bought until then`,
      false,
      options,
    );
  }
}

/** The operator must upgrade this process: the store has a format of a later version. */
export class NewerFormatError extends DarkroomError {
  /** True if the number in the bucket says so, and not that in Redis. */
  readonly isOfBucket: boolean;

  /** @param stored Number of the store. @param known Number that this process knows. @param holder The side that holds the number. */
  constructor(
    stored: string,
    known: number,
    { holder = 'Redis', ...options }: DarkroomErrorOptions & { holder?: 'Redis' | 'the bucket' } = {},
  ) {
    super(
      'store.newer-format',
      `${holder} holds a store of format ${stored}, and this process knows formats up to ${known}: upgrade this process first; it queues and buys nothing until then`,
      true,
      { ...options, details: { stored, known, ...options.details } },
    );
    this.isOfBucket = holder === 'the bucket';
  }
}

/**
 * The operator must repair the entry that `details.key` names, or give Redis its data back (docs/operations/troubleshooting.md). A call that
 * enqueues may have written its generation: calling again with the same `generationId` is safe.
 */
export class CorruptRecordError extends DarkroomError {
  /** @param why The part that is wrong; never its content. */
  constructor(key: string, why: string, options: DarkroomErrorOptions = {}) {
    super('store.corrupt-record', `the entry "${key}" in Redis is corrupt: ${why}; nothing is bought for it until it is repaired`, false, {
      ...options,
      details: { key, ...options.details },
    });
  }
}

/** The caller must wait until the period ends, or the operator must raise the cap. */
export class SpendCapError extends DarkroomError {
  /** End of the period, in milliseconds since 1970. */
  readonly resetsAt: number;
  constructor(message: string, resetsAt: number, options?: DarkroomErrorOptions) {
    super('spend.cap-reached', message, true, options);
    this.resetsAt = resetsAt;
  }
}

/** The caller asked for a generation or an image that does not exist any more or not yet, or that did not finish in time. */
export class GenerationError extends DarkroomError {
  constructor(
    code:
      | 'generation.not-found'
      | 'generation.open'
      | 'generation.erased'
      | 'generation.wait-timeout'
      | 'image.not-there'
      | 'image.withheld',
    message: string,
    options?: DarkroomErrorOptions,
  ) {
    super(code, message, code === 'generation.wait-timeout', options);
  }
}

/** The caller asked for a webhook endpoint or a notification that does not exist, or for one endpoint too many. */
export class WebhookEndpointError extends DarkroomError {
  constructor(
    code: 'webhook-endpoint.not-found' | 'webhook-endpoint.too-many' | 'notification.not-found',
    message: string,
    options?: DarkroomErrorOptions,
  ) {
    super(code, message, false, options);
  }
}

/** The receiver of a notification must refuse it, or use the secret of the endpoint. */
export class WebhookSignatureError extends DarkroomError {
  constructor(message: string, options?: DarkroomErrorOptions) {
    super('notification.unverified', message, false, options);
  }
}

/** S3 does not answer or refuses; the queue tries again. `reached` says if a write may have happened. */
export class StorageError extends DarkroomError {
  readonly reached: Reached;
  constructor(
    code: 'storage.unavailable' | 'storage.unsuitable' | 'storage.corrupt-record' | 'storage.damaged-image',
    message: string,
    options: DarkroomErrorOptions & { reached: Reached },
  ) {
    super(code, message, code === 'storage.unavailable', options);
    this.reached = options.reached;
  }
}

/** The user of this machine must install, free or allow something: a part of the local system did not start, or ended. */
export class LocalStackError extends DarkroomError {
  constructor(message: string, options?: DarkroomErrorOptions) {
    super('local-stack.unavailable', message, false, options);
  }
}

/** Returns true for an error with this code, even if a second copy of this package created it. */
export function hasCode<Code extends ErrorCode>(error: unknown, code: Code): error is { code: Code } {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}
