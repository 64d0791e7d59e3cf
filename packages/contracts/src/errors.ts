import { formatProblems, ProblemList, type Problem } from './problems.ts';

/**
 * The class of an error says who must act, its code says what happened.
 * Codes are dotted, stable and never reused; `docs/errors.md` is generated from `errorCodes`.
 */
export const errorCodes = {
  'config.invalid': 'a setting is missing or wrong; the process does not start',
  'request.invalid': 'the request, an option or an id of a call is wrong; a call that enqueues has queued and bought nothing',
  'request.conflict': 'another request already uses this generation id; nothing was queued or bought',
  'request.key-reused': 'the idempotency key belongs to a generation with another request; nothing was queued or bought',
  'request.id-out-of-time':
    'Redis does not know this generation id, and by Redis time the id is older than 24 hours or more than five minutes ahead; nothing was queued',
  'queue.unavailable': 'Redis did not answer; `reached` says whether the request may have arrived',
  'queue.full': 'as many images are open as the bound of the tenant or of the store allows; nothing was queued or bought',
  'queue.partly-enqueued':
    'some generations of the batch were not enqueued, or may not have been; see `written`, `maybeWritten` and `notWritten`',
  'store.not-initialised': 'Redis is empty: no worker has opened the store yet, or Redis lost its memory; nothing is queued or bought',
  'store.foreign-bucket': 'the bucket belongs to another Darkroom than this Redis; nothing is bought until both belong to the same one',
  'store.rebuild-needed': 'Redis came back as it was more than five days ago, and lacks purchases; nothing is bought until it is rebuilt',
  'store.newer-format':
    'a later version of Darkroom has written the store in a format that this process does not know; it queues and buys nothing',
  'store.unavailable': 'Redis did not answer',
  'store.corrupt-record': 'an entry in Redis is corrupt; nothing more is bought for it, and purchases under way wait until it is repaired',
  'spend.cap-reached': 'a spend cap would be crossed; nothing was queued or bought',
  'generation.not-found': 'no generation has this id',
  'generation.open': 'the generation is not final, and an open one is erased only on demand',
  'generation.erased': 'the request and the images of the generation were erased',
  'generation.wait-timeout': 'the generation did not finish within the wait timeout; it is still running',
  'generation.cancelled': 'the caller cancelled the generation before this image was bought',
  'generation.expired': 'the deadline of the generation passed before this image was bought',
  'retry.in-progress': 'a purchase of the image is under way, or one of its sends may have been accepted; nothing was queued or bought',
  'retry.already-retried': 'another retry buys or has bought the image; nothing was queued or bought',
  'retry.already-succeeded': 'the image is there, of this generation or of another attempt; nothing was queued or bought',
  'retry.unknown-outcome':
    'nothing tells if an earlier purchase of the image was paid for, and the retry does not say that it may pay again',
  'retry.lost-image': 'an earlier purchase of the image was paid for and lost, and the retry does not say that it may pay again',
  'retry.image-arrived': 'an earlier attempt at the image brought it home before this retry was sent, so it was not bought again',
  'webhook-endpoint.not-found': 'the tenant has no webhook endpoint with this id',
  'webhook-endpoint.too-many': 'the tenant has as many webhook endpoints as it may have; none was added',
  'notification.not-found': 'there is no notification with this id, or its log has ended',
  'notification.unverified': 'a notification that came to a receiver is not signed by a secret of its endpoint, or it is too old',
  'delivery.unauthenticated': 'the capability in the webhook URL is missing, forged, expired or of a retired key',
  'delivery.malformed': 'the body of a delivery is not one of the known shapes; it was kept',
  'storage.unavailable': 'S3 did not answer or refused',
  'storage.unsuitable': 'the S3 server ignores `If-None-Match: *`, which every write-once object relies on; no worker starts',
  'storage.corrupt-record': 'a record in S3 does not parse',
  'storage.damaged-image': 'an image in S3 is missing, or its bytes differ from the verified ones',
  'image.not-there': 'the generation has no verified image at this index',
  'image.withheld': 'the content check did not clear the image, and no operator has released it; it is paid and kept',
  'image.lost': 'the image was made and paid for, and neither the upload nor its address gave valid bytes',
  'submission.unknown-outcome': 'the provider never said what became of the submission; its money stays on hold',
  'submission.written-off': 'the outcome of the submission is unknown, and an operator ended the hold on its money',
  'provider.unavailable': 'the provider did not answer in time, or answered nonsense',
  'provider.throttled': 'the provider asked for fewer requests',
  'provider.account': 'the provider refused the account: key, permission or balance',
  'provider.refused': 'the provider explicitly refused the request',
  'provider.content-refused': 'the provider refused the content',
  'provider.task-failed': 'the provider accepted the task and then failed it',
  'provider.blocked':
    'something between worker and provider refused every send of this submission and let others pass; the provider does not know its task, and its money stays on hold',
  'provider.id-burnt': 'a refused request used up its task id; the image is bought under the next one',
  'submission.request-gone': 'the request of the generation was erased or lost before this image was bought',
  'submission.superseded': 'an earlier submission of this image succeeded before this one was bought',
  'api.malformed': 'the HTTP request cannot be read: no JSON, or a malformed header or address',
  'api.unauthenticated': 'the HTTP request has no API key, or one that is unknown, mistyped or revoked',
  'api.forbidden': 'the API key lacks the scope that this call needs',
  'api.not-found': 'the HTTP API has no such path',
  'api.method-not-allowed': 'the path of the HTTP API does not take this method',
  'api.too-large': 'the body of the HTTP request is too large',
  'api.unsupported-media-type': 'the body of the HTTP request is of a type that this call does not take',
  'api.too-many-requests':
    'the API key has made too many requests, the tenant has too many open streams or uploads, or an address sent too many wrong keys; wait as `Retry-After` says',
  'api.unavailable': 'the HTTP API does not answer, or what answers is none; what was asked may have arrived',
  'api.failed': 'the HTTP API failed; its log names the reason under the request id',
  'service.stopping': 'the process is stopping',
  'local-stack.unavailable': 'a part of the local system could not be started on this machine, or ended by itself',
} as const;

export type ErrorCode = keyof typeof errorCodes;

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

/** The state of each generation of a batch when the first error occurred. */
export interface EnqueueProgress {
  /** All ids in the order of the requests. Enqueueing them again never buys twice. */
  readonly generationIds: readonly string[];
  /** Enqueued now or before. */
  readonly written: readonly string[];
  /** May have been enqueued: Redis did not answer, or it holds the entry and its jobs may be missing. */
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
  /** @param stored Number in Redis. @param known Number that this process knows. */
  constructor(stored: string, known: number, options?: DarkroomErrorOptions) {
    super(
      'store.newer-format',
      `Redis holds a store of format ${stored}, and this process knows formats up to ${known}: upgrade this process first; it queues and buys nothing until then`,
      true,
      { ...options, details: { stored, known, ...options?.details } },
    );
  }
}

/** The operator must repair the entry that `details.key` names, or give Redis its data back (docs/operations/troubleshooting.md). */
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
