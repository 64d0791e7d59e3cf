import { formatProblems, ProblemList, type Problem } from './problems.ts';

/**
 * Every error says who must act: the class is who acts, the code is what happened.
 * Codes are dotted, stable and never reused; `docs/errors.md` is generated from `errorCodes`.
 */
export const errorCodes = {
  'config.invalid': 'a setting is missing or wrong; the process does not start',
  'request.invalid': 'the request, an option or an id of a call is wrong; of a call that enqueues nothing was queued or bought',
  'request.conflict': 'this generation id is already taken by another request; nothing was queued or bought',
  'request.id-out-of-time':
    'Redis does not know this generation id, and by its time the id is older than 24 hours or more than five minutes ahead; nothing was queued',
  'queue.unavailable': 'Redis did not answer; `reached` says whether the request may have arrived',
  'queue.partly-enqueued': 'of many generations some were not enqueued, or may not be; the error says which',
  'store.not-initialised': 'Redis holds no epoch: no worker has started yet, or Redis lost its memory; nothing is queued or bought',
  'store.foreign-bucket': 'the bucket belongs to another Darkroom than this Redis; nothing is bought until they belong together',
  'store.unavailable': 'Redis did not answer',
  'store.corrupt-record': 'a record in Redis cannot be used; nothing is bought of it, and what was bought waits until it is repaired',
  'spend.cap-reached': 'a spend cap would be crossed; nothing was queued or bought',
  'generation.not-found': 'no generation has this id',
  'generation.wait-timeout': 'the generation was not final within the time that was waited; it goes on',
  'generation.cancelled': 'the caller cancelled the generation before this image was bought',
  'generation.expired': 'the deadline of the generation passed before this image was bought',
  'delivery.unauthenticated': 'the capability in the webhook URL is missing, forged, expired or of a retired key',
  'delivery.malformed': 'the body of a delivery is not one of the known shapes; it was kept',
  'storage.unavailable': 'S3 did not answer or refused',
  'storage.unsuitable':
    'the server of the bucket does not keep to `If-None-Match: *`, on which everything rests that is written once; no worker starts',
  'storage.corrupt-record': 'a record in S3 does not parse',
  'storage.damaged-image': 'an image in S3 is gone, or is not the one that was verified',
  'image.not-there': 'the generation has no verified image at this index',
  'image.lost': 'the image was made and paid for, and neither the upload nor its address gave valid bytes',
  'submission.unknown-outcome': 'the provider never said what became of the submission; its money stays on hold',
  'submission.written-off': 'nobody knows what became of the submission, and an operator ended the hold on its money',
  'provider.unavailable': 'the provider did not answer in time, or answered nonsense',
  'provider.throttled': 'the provider asked for fewer requests',
  'provider.account': 'the provider refused the account: key, permission or balance',
  'provider.refused': 'the provider refused the request in so many words',
  'provider.content-refused': 'the provider refused the content',
  'provider.task-failed': 'the provider accepted the task and then failed it',
  'provider.blocked':
    'something on the way to the provider refused this request each time, and let others pass; the provider does not know its task, and its money stays on hold',
  'provider.id-burnt': 'a refused request used up its task id; the image goes on under the next one',
  'submission.superseded': 'an earlier submission of this image came home before this one was bought',
  'service.stopping': 'the process is stopping',
  'local-stack.unavailable': 'a part of the local system could not be started on this machine, or ended by itself',
} as const;

export type ErrorCode = keyof typeof errorCodes;

export interface DarkroomErrorOptions {
  cause?: unknown;
  /** Safe to log: no key, capability, presigned URL or prompt. */
  details?: Readonly<Record<string, string | number | boolean>>;
}

/** Base of all errors. `retryable` says whether the same call may succeed later without a change. */
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

/** Base of the errors that list what is wrong with an input. */
abstract class ProblemsError extends DarkroomError {
  /** The first 50 at the most, and fewer if they are long. */
  readonly problems: readonly Problem[];
  /** How many there are in all. */
  readonly problemCount: number;
  constructor(code: ErrorCode, first: (count: number) => string, problems: ProblemList, options?: DarkroomErrorOptions) {
    super(code, `${first(problems.count)}\n${formatProblems(problems)}`, false, options);
    this.problems = problems.told;
    this.problemCount = problems.count;
  }
}

const listOf = (problems: readonly Problem[] | ProblemList): ProblemList =>
  problems instanceof ProblemList ? problems : ProblemList.of(problems);

/** The caller must change the request. All problems are counted, and the first of them told. */
export class InvalidRequestError extends ProblemsError {
  /** @param options `enqueues` is true for a call that enqueues: its message says that nothing was queued. */
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

/** The caller must choose another generation id or send the request that it was first used for. */
export class RequestConflictError extends DarkroomError {
  constructor(message: string, options?: DarkroomErrorOptions) {
    super('request.conflict', message, false, options);
  }
}

/** The caller must mint a new generation id, after it has looked what became of the old one, or set its clock right. */
export class GenerationIdError extends DarkroomError {
  /** Redis time when the id was refused, in milliseconds since 1970. */
  readonly redisTime: number;
  constructor(message: string, redisTime: number, options?: DarkroomErrorOptions) {
    super('request.id-out-of-time', message, false, options);
    this.redisTime = redisTime;
  }
}

/** The operator must correct the settings. All problems are counted, and the first of them told. */
export class ConfigError extends ProblemsError {
  constructor(problems: readonly Problem[] | ProblemList, options?: DarkroomErrorOptions) {
    super('config.invalid', (count) => `${count} setting${count === 1 ? ' is' : 's are'} wrong`, listOf(problems), options);
  }
}

/** Whether a request may have arrived where it was sent. */
export type Reached = 'no' | 'maybe' | 'yes';

/** Redis is away: the caller may call again with the same `generationId`, which never buys twice. */
export class QueueUnavailableError extends DarkroomError {
  readonly generationId: string | undefined;
  readonly reached: Reached;
  constructor(message: string, options: DarkroomErrorOptions & { generationId?: string; reached: Reached }) {
    super('queue.unavailable', message, true, options);
    this.generationId = options.generationId;
    this.reached = options.reached;
  }
}

/** Of many generations, which were enqueued when something went wrong. */
export interface EnqueueProgress {
  /** The ids of all, in the order of the requests: to enqueue them again with, which never buys twice. */
  readonly generationIds: readonly string[];
  /** Enqueued, or there already. */
  readonly written: readonly string[];
  /** May have been enqueued: Redis did not answer, or the record is there and its jobs may not be. */
  readonly maybeWritten: readonly string[];
  /** Surely not enqueued: refused in so many words, or not sent. */
  readonly notWritten: readonly string[];
}

/** The caller may call again with the same `generationIds`; `cause` is the first thing that went wrong, and says who must act on it. */
export class EnqueueManyError extends DarkroomError implements EnqueueProgress {
  readonly generationIds: readonly string[];
  readonly written: readonly string[];
  readonly maybeWritten: readonly string[];
  readonly notWritten: readonly string[];
  constructor({ generationIds, written, maybeWritten, notWritten }: EnqueueProgress, options: DarkroomErrorOptions = {}) {
    const { cause } = options;
    super(
      'queue.partly-enqueued',
      `of ${generationIds.length} generations ${written.length} were enqueued, ${maybeWritten.length} may have been and ${notWritten.length} were not; calling again with the same generationIds is safe${cause instanceof Error ? `: ${cause.message}` : ''}`,
      !(cause instanceof DarkroomError) || cause.retryable,
      options,
    );
    this.generationIds = generationIds;
    this.written = written;
    this.maybeWritten = maybeWritten;
    this.notWritten = notWritten;
  }
}

/** The operator must start a worker (first start), or rebuild (Redis lost its memory). */
export class StoreNotInitialisedError extends DarkroomError {
  constructor(options?: DarkroomErrorOptions) {
    super(
      'store.not-initialised',
      'Redis holds no darkroom epoch: start a worker once on a new bucket, or, if Redis lost its memory, bring it back from the bucket with `npm run rebuild`; nothing was queued or bought',
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

/** The operator must repair the record that `details.key` names, or give Redis its data back (docs/operations/troubleshooting.md). */
export class CorruptRecordError extends DarkroomError {
  /** @param why Which part of it is wrong; never what it holds. */
  constructor(key: string, why: string, options: DarkroomErrorOptions = {}) {
    super(
      'store.corrupt-record',
      `the record "${key}" in Redis cannot be used: ${why}; nothing is bought of it until it is repaired`,
      false,
      {
        ...options,
        details: { key, ...options.details },
      },
    );
  }
}

/** The caller must wait until the period ends, or the operator must raise the cap. */
export class SpendCapError extends DarkroomError {
  /** When the period ends, in milliseconds since 1970. */
  readonly resetsAt: number;
  constructor(message: string, resetsAt: number, options?: DarkroomErrorOptions) {
    super('spend.cap-reached', message, true, options);
    this.resetsAt = resetsAt;
  }
}

/** The caller asked for a generation or an image that is not there, or that did not end in time. */
export class GenerationError extends DarkroomError {
  constructor(
    code: 'generation.not-found' | 'generation.wait-timeout' | 'image.not-there',
    message: string,
    options?: DarkroomErrorOptions,
  ) {
    super(code, message, code === 'generation.wait-timeout', options);
  }
}

/** S3 is away or refuses: the queue tries again; `reached` says whether a write may have happened. */
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

/** The person at this machine must install, free or allow something: a part of the local system did not start, or ended. */
export class LocalStackError extends DarkroomError {
  constructor(message: string, options?: DarkroomErrorOptions) {
    super('local-stack.unavailable', message, false, options);
  }
}

/** True for an error with this code, also for one that came from a second copy of this package. */
export function hasCode<Code extends ErrorCode>(error: unknown, code: Code): error is { code: Code } {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}
