import type { GenerationStatus, GenerationView, Quote, RequestInput, SubmissionTimeline } from '@darkroom/contracts';
import type { EraseOptions, Erasure } from './erase.ts';
import type { BulkErasure, ErasedMany } from './erase-many.ts';
import type { Enqueued } from './enqueue.ts';
import type { EnqueueManyOptions, EnqueueOptions } from './options.ts';
import type { GenerationPage, ListOptions } from './list.ts';
import type { Retried, RetryOptions } from './retry.ts';
import type { SpendOptions, SpendPeriod } from './spend.ts';
import type { WaitOptions } from './wait.ts';
import type { WatchOptions } from './watch.ts';

/** Options of a call that takes none: every name is refused, so that no option is silently ignored. */
export type NoOptions = Readonly<Record<string, never>>;

/** Options of `generate`: those of `enqueue` and of `wait`. */
export interface GenerateOptions extends EnqueueOptions, WaitOptions {}

/** Highest price of a request. */
export interface RequestQuote extends Quote {
  /** Number of images of the request. */
  images: number;
}

/** Options of `findByIdempotencyKey`. */
export interface FindByKeyOptions {
  /** Tenant that used the key. Defaults to the producer's own, or to "default". */
  tenant?: string;
}

/** Names of the options of `findByIdempotencyKey`. */
export const findByKeyOptions = ['tenant'] as const satisfies readonly (keyof FindByKeyOptions)[];

/** Enqueues generations and reads their results. */
export interface Producer {
  /**
   * Enqueues a generation, whatever its `deliveryMethod`. Safe to repeat with the same `generationId` or `idempotencyKey`: nothing is
   * bought twice.
   * @throws InvalidRequestError (lists the first 50 problems, counts all), SpendCapError, QueueFullError, StoreNotInitialisedError, RequestConflictError,
   * GenerationError "generation.erased" (the id or the key is that of an erased generation), GenerationIdError (an id that Redis does not know, too
   * old or too far ahead): nothing was queued; QueueUnavailableError: `reached` says if the call may have arrived; CorruptRecordError: it may be queued.
   */
  enqueue(request: RequestInput, options?: EnqueueOptions): Promise<Enqueued>;
  /**
   * Enqueues at most 10,000 generations, each with its own request; the results have the order of the requests. All are checked first:
   * if one is wrong, none is sent.
   * @throws InvalidRequestError with the first problems, their index ("requests[3].width") and the number of all: nothing was queued;
   * EnqueueManyError if an error occurs on the way: it lists the state of each, and calling again with its `generationIds` is safe. If the
   * queue is full its `cause` is a QueueFullError: those that fit are `written`, the others `notWritten`.
   */
  enqueueMany(requests: readonly RequestInput[], options?: EnqueueManyOptions): Promise<Enqueued[]>;
  /**
   * Follows the request's `deliveryMethod`: "sync", the default of the model's page, enqueues and waits until the generation is final;
   * "async" returns the generation once it is queued. A failed generation is a result, not an error.
   * @throws the errors of `enqueue` and `wait`. After "generation.wait-timeout" the generation is still running; `details.generationId`
   * names it. If Redis goes away after the enqueue, QueueUnavailableError with `reached: "yes"`, or "maybe" if it went back to a state before: call
   * again with its `generationId`.
   */
  generate(request: RequestInput, options?: GenerateOptions): Promise<GenerationView>;
  /**
   * Reads a generation as it is now. @throws GenerationError if no generation has this id, it belongs to another tenant than the
   * producer, or it was erased ("generation.erased"); QueueUnavailableError, also while Redis may have forgotten it after a restart;
   * StoreNotInitialisedError if Redis is empty.
   */
  get(generationId: string, options?: NoOptions): Promise<GenerationView>;
  /**
   * Finds the generation of an idempotency key, for as long as Redis keeps the key: while the generation is open and
   * `idempotencySeconds` longer. @returns undefined for an unknown key. @throws InvalidRequestError, QueueUnavailableError.
   */
  findByIdempotencyKey(idempotencyKey: string, options?: FindByKeyOptions): Promise<GenerationView | undefined>;
  /**
   * Lists the generations that Redis holds, the newest first: open ones, and final ones for `recordSeconds` after their end. While Redis is
   * compared with S3 after a restart, or a rebuild still reads, it lists what Redis knows so far.
   * @throws InvalidRequestError with all problems of the options; QueueUnavailableError.
   */
  list(options?: ListOptions): Promise<GenerationPage>;
  /**
   * Yields a generation at once and after each change until it is final: `for await (const generation of producer.watch(id)) …`. It
   * outlasts an outage of Redis, and ends when the loop is left.
   * @throws InvalidRequestError at the call. While it is read: GenerationError if there is none, QueueUnavailableError if Redis refuses the
   * first look permanently or the producer is closed, the reason of the signal.
   */
  watch(generationId: string, options?: WatchOptions): AsyncGenerator<GenerationView, void, undefined>;
  /**
   * Waits until the generation is final, even through an outage of Redis. @throws GenerationError if there is none or the wait times out;
   * QueueUnavailableError if Redis is away at the end of the time, refuses the first look permanently, or the producer is closed.
   */
  wait(generationId: string, options?: WaitOptions): Promise<GenerationView>;
  /**
   * Returns the steps of each purchase of a generation, by image: when it was enqueued, sent, answered, delivered, verified and ended, each with
   * its Redis time. At most 24 steps for each purchase; they end with the entry of the generation.
   * @throws GenerationError if there is none; QueueUnavailableError.
   */
  timeline(generationId: string, options?: NoOptions): Promise<SubmissionTimeline[]>;
  /**
   * Cancels a generation: submissions not yet sent are never bought; an image already bought is kept. @returns the present status. @throws
   * GenerationError, QueueUnavailableError.
   */
  cancel(generationId: string, options?: NoOptions): Promise<GenerationStatus>;
  /**
   * Buys images of a generation again, in a new generation with the same request, for the same tenant. Takes all images that did not
   * succeed, or `images`; if one of them may not be bought again, none is. An image may be bought again if each attempt at it ended with a
   * failure that the provider confirmed, or was never sent. A repeated call returns the first retry of the same images, as long as one of
   * them may not be bought again. The new generation buys no image that comes home before it is sent.
   * @throws RetryRefusedError, which names all refused images: a purchase may be under way ("retry.in-progress"), another retry has the
   * image, it is there, or it is *unknown* or *lost* and `mayPayAgain` is not given; GenerationError if Redis holds no such generation, or its
   * erasure was asked for ("generation.erased");
   * QueueUnavailableError, also while Redis may have forgotten an earlier retry; the errors of `enqueue`. Nothing was queued then, unless
   * `reached` says "maybe": call again.
   */
  retry(generationId: string, options?: RetryOptions): Promise<Retried>;
  /**
   * Asks the eraser to erase a generation: its request with the prompt, its images and its labels, in Redis and in S3. Its status, its cost and
   * the tenant's name stay. Safe to repeat, and without effect on what was paid. Ask `erasure` until it says "erased": a request that Redis
   * loses before that is gone.
   * @throws GenerationError "generation.open" for an open one without `cancel`, "generation.not-found" for one of another tenant;
   * InvalidRequestError, QueueUnavailableError.
   */
  erase(generationId: string, options?: EraseOptions): Promise<Erasure>;
  /**
   * Asks the eraser to erase all generations of a tenant, or with a tag, that are enqueued by now. It goes by the lists in Redis first, and then
   * day by day over S3 for what Redis has let go of, and beside it erases what other calls ask for. Open ones are left and named, unless
   * the call says `cancel: true`. After those of a whole tenant its reference images go too. Ask `erasure` until it says "erased": a
   * request that Redis loses before that is gone. A repeated call makes another request, which finds what is left.
   * @throws InvalidRequestError for another tenant than the producer's own, or without tenant and tag; StoreNotInitialisedError,
   * QueueUnavailableError.
   */
  erase(which: ErasedMany, options?: EraseOptions): Promise<BulkErasure>;
  /**
   * Returns the state of a request to erase, until 30 days after its end: of one generation by its id, of many by the `erasureId`.
   * @throws GenerationError "generation.not-found" if none was made, or the eraser found no such generation of this tenant;
   * QueueUnavailableError.
   */
  erasure(id: string, options?: NoOptions): Promise<Erasure | BulkErasure>;
  /**
   * Checks a request by the rules of its model, and returns its highest price, by the price list of this version. Makes no call, and enqueues and
   * buys nothing.
   * @throws InvalidRequestError with all problems of the request.
   */
  quote(request: RequestInput, options?: NoOptions): RequestQuote;
  /**
   * Reads the money of today and of this month, beside its caps: of a tenant, or of all together.
   * @throws InvalidRequestError, QueueUnavailableError.
   */
  spend(options?: SpendOptions): Promise<SpendPeriod[]>;
  /** Disconnects from Redis. Refuses waiting and later calls with QueueUnavailableError. May be called twice. */
  close(): Promise<void>;
}
