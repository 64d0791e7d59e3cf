import type { NotificationType, Priority } from '@darkroom/contracts';

export interface ProducerOptions {
  /**
   * Address of the Redis that the workers use: "redis://…", "redis-sentinel://…" or "redis-cluster://…", or the same with "rediss" for TLS
   * (docs/operations/redis.md).
   */
  redisUrl: string;
  /** First part of every key; must hold a hash tag and equal that of the workers. Defaults to "{darkroom}". */
  prefix?: string;
  /**
   * Binds the producer to a tenant, whose caps the spend counts against: it enqueues for this tenant alone, and finds, lists and changes no
   * generation of another one. 1 to 128 letters, digits, "-", "_", ".", ":", "@", "+" or "|". Without it the producer enqueues for "default"
   * or for the tenant that a call names, and sees all.
   */
  tenant?: string;
  /** Maximum number of reference images of a request, 0 to 16. Defaults to 1: the model's page names no maximum. */
  maxReferenceImages?: number;
  /**
   * Time that a finished generation stays in Redis, in seconds. Defaults to 7 days; at least 6, because a Redis that went back by up to five
   * days is compared with S3.
   */
  recordSeconds?: number;
  /** Time that an idempotency key outlives its generation, in seconds. Defaults to 7 days; at least 2: the settle horizon plus a day. */
  idempotencySeconds?: number;
  /** Takes a `webhookURL` on this machine, over http too: for development, with NOTIFIER_ALLOW_LOOPBACK of the notifier. Defaults to false. */
  allowLoopbackWebhooks?: boolean;
  /** The clock, in milliseconds since 1970. */
  now?: () => number;
}

export interface EnqueueOptions {
  /**
   * Your own id for this generation, a UUIDv7. Enqueueing it again changes nothing, however old it is; an id that Redis does not know may
   * be up to 24 hours old, and five minutes ahead, by Redis time.
   */
  generationId?: string;
  /**
   * Your own key: a second enqueue with the same key returns the first generation. 1 to 256 characters, compared byte for byte: "é" as
   * one character and as two are two keys. Not only blanks, and no control characters.
   */
  idempotencyKey?: string;
  /** Time after which nothing more is bought: a Date or milliseconds since 1970, in the future. */
  deadlineAt?: Date | number;
  /**
   * Earliest time of purchase: a Date or milliseconds since 1970, in the next 30 days and before `deadlineAt`. The money is held only
   * then; if a cap is reached by then, the generation waits for money. Defaults to now.
   */
  runAt?: Date | number;
  /**
   * Your own words for this generation, by which `list` finds it: at most 5 different texts of 1 to 64 characters each, shown in views and
   * lists. A repeated enqueue changes nothing.
   */
  tags?: readonly string[];
  /**
   * Your own pairs of name and text, shown in views and lists: at most 10, whose names and values take 1,024 bytes together; a name has 1 to
   * 64 characters. `list` filters by them.
   */
  metadata?: Readonly<Record<string, string>>;
  /**
   * Urgency among the generations of the same tenant: a "high" one is bought before all waiting "normal" ones, and these before "low" ones. It
   * changes nothing between tenants, which share the workers evenly. Defaults to "normal".
   */
  priority?: Priority;
  /**
   * Withholds each image that the content check does not clear: it is paid and kept, and in no view, URL or stream until an operator releases
   * it. Needs `safety.checkContent: true` in the request. Defaults to the rule of the tenant, which false does not lift.
   */
  withholdFlagged?: boolean;
  /**
   * The trace to which this call belongs, as the header `traceparent` of W3C Trace Context (version 00). Shown in views and events, and the
   * lines in the log of a worker name its id as `traceId`. A repeated enqueue changes nothing.
   */
  traceparent?: string;
  /**
   * Address of a receiver of your own, which Darkroom tells of the end of this generation (docs/notifications.md): https, on the public
   * internet. It is kept as a secret beside the request, and erased with it. A repeated enqueue changes nothing.
   */
  webhookURL?: string;
  /** Kinds of notifications that the receiver gets. Defaults to the five ends of a generation. */
  webhookEvents?: readonly NotificationType[];
  /** Tenant of the generation. Defaults to the producer's own, or to "default"; a producer with a tenant takes no other. */
  tenant?: string;
}

/** Options of a batch. Each list holds one item for each request, in the same order. */
export interface EnqueueManyOptions extends Pick<
  EnqueueOptions,
  'deadlineAt' | 'runAt' | 'tags' | 'metadata' | 'priority' | 'withholdFlagged' | 'traceparent' | 'webhookURL' | 'webhookEvents' | 'tenant'
> {
  /** Your own ids, without repetition. */
  generationIds?: readonly string[];
  /** Your own idempotency keys, one for each request. */
  idempotencyKeys?: readonly string[];
}

const sharedOptions = [
  'deadlineAt',
  'runAt',
  'tags',
  'metadata',
  'priority',
  'withholdFlagged',
  'traceparent',
  'webhookURL',
  'webhookEvents',
  'tenant',
] as const satisfies readonly (keyof EnqueueOptions)[];
/** Names of the options of one enqueue. */
export const enqueueOptions = ['generationId', 'idempotencyKey', ...sharedOptions] as const satisfies readonly (keyof EnqueueOptions)[];
/** Names of the options of many enqueues. */
export const enqueueManyOptions = [
  'generationIds',
  'idempotencyKeys',
  ...sharedOptions,
] as const satisfies readonly (keyof EnqueueManyOptions)[];
