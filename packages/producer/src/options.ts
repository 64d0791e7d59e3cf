import {
  MAX_CHECKPOINT_AGE_MS,
  MAX_TAGS,
  ConfigError,
  ProblemList,
  KEY_PREFIX_RULE,
  findPrefixProblem,
  isGenerationId,
  metadataProblems,
  notificationTypes,
  notificationTypesProblems,
  priorityProblems,
  readOptions,
  readRedisAddress,
  tagsProblems,
  traceparentProblems,
  webhookUrlProblems,
  type NotificationType,
  type Priority,
  type Problem,
} from '@darkroom/contracts';
import { MAX_RUN_AHEAD_DAYS } from '@darkroom/generation-store';
import { show, tenantProblems } from './tenant-problems.ts';

export interface ProducerOptions {
  /** Address of the Redis that the workers use: "redis://…" or "rediss://…". */
  redisUrl: string;
  /** First part of every key; must hold a hash tag and equal that of the workers. Defaults to "{darkroom}". */
  prefix?: string;
  /**
   * Binds the producer to a tenant, whose caps the spend counts against: it enqueues for this tenant alone, and finds, lists and changes no
   * generation of another one. 1 to 128 letters, digits, "-", "_", ".", ":", "@", "+" or "|". Without it the producer enqueues for "default"
   * or for the tenant that a call names, and sees all.
   */
  tenant?: string;
  /** Maximum number of reference images of a request. Defaults to 1: the model's page names no maximum. */
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
  /** Your own keys. */
  idempotencyKeys?: readonly string[];
}

const DAY_SECONDS = 86_400;
/**
 * A Redis that comes back is compared with S3: an entry dropped sooner would be booked twice in the ledger. Plus a day of margin.
 */
const MIN_RECORD_SECONDS = MAX_CHECKPOINT_AGE_MS / 1000 + DAY_SECONDS;
/** A day to settle, and one of margin. */
const MIN_IDEMPOTENCY_SECONDS = 2 * DAY_SECONDS;
/** An earlier time was given in seconds, or is another mistake. */
const EARLIEST_MOMENT = Date.UTC(2020, 0, 1);
const producerOptions = [
  'redisUrl',
  'prefix',
  'tenant',
  'maxReferenceImages',
  'recordSeconds',
  'idempotencySeconds',
  'allowLoopbackWebhooks',
  'now',
] as const satisfies readonly (keyof ProducerOptions)[];
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
/** Names of these options in other queues and APIs, in lower case. */
const otherNames = {
  delay: 'runAt',
  scheduledfor: 'runAt',
  startafter: 'runAt',
  jobid: 'generationId',
  id: 'generationId',
  dedupkey: 'idempotencyKey',
  deadline: 'deadlineAt',
  expiresat: 'deadlineAt',
  ttl: 'deadlineAt',
  webhook: 'webhookURL',
  callbackurl: 'webhookURL',
  webhookeventsfilter: 'webhookEvents',
};

/**
 * Reads the options of a call, and appends the problems of their names. Times become numbers, tags and metadata copies: the caller could change
 * them during the call.
 * @param known Names that the call takes.
 */
export function readCallOptions<Options extends object>(
  given: Options,
  known: readonly string[],
  problems: ProblemList,
): Options | undefined {
  const options = readOptions(given, { path: 'options', known, otherNames }, problems);
  if (options === undefined) return undefined;
  return Object.fromEntries(Object.entries(options).map(([name, value]: [string, unknown]) => [name, copyOf(name, value)])) as Options; // every option that takes a Date takes milliseconds too
}

/** More than any list of an option may hold. */
const MOST_COPIED = Math.max(MAX_TAGS, notificationTypes.length);

function copyOf(name: string, value: unknown): unknown {
  if (value instanceof Date) return value.getTime();
  // no copy of a list that is refused for its length
  if (['tags', 'webhookEvents'].includes(name) && Array.isArray(value) && value.length <= MOST_COPIED) return [...(value as unknown[])];
  return name === 'metadata' && typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : value;
}

/** Reads a producer's own settings. Does not repeat the address, which may hold a password. @throws ConfigError */
export function readProducerOptions(given: ProducerOptions): ProducerOptions {
  const problems = new ProblemList();
  const names = { path: '', known: producerOptions, otherNames: { url: 'redisUrl', connection: 'redisUrl' } };
  const options = readOptions(given, names, problems);
  if (options === undefined) throw new ConfigError(problems);
  const { redisUrl, prefix, tenant, maxReferenceImages = 0 } = options;
  const { recordSeconds = MIN_RECORD_SECONDS, idempotencySeconds = MIN_IDEMPOTENCY_SECONDS, allowLoopbackWebhooks, now } = options;
  const address = readRedisAddress(redisUrl);
  problems.push(
    ...('problem' in address ? [{ path: 'redisUrl', message: address.problem }] : []),
    ...prefixProblems(prefix),
    ...tenantProblems('tenant', tenant),
    ...atLeast('maxReferenceImages', maxReferenceImages, 0),
    ...atLeast('recordSeconds', recordSeconds, MIN_RECORD_SECONDS),
    ...atLeast('idempotencySeconds', idempotencySeconds, MIN_IDEMPOTENCY_SECONDS),
    ...(allowLoopbackWebhooks === undefined || typeof allowLoopbackWebhooks === 'boolean'
      ? []
      : [{ path: 'allowLoopbackWebhooks', message: 'must be true or false', given: show(allowLoopbackWebhooks) }]),
    ...(now === undefined || typeof now === 'function' ? [] : [{ path: 'now', message: 'must be a function', given: show(now) }]),
  );
  if (problems.count > 0) throw new ConfigError(problems);
  return options;
}

/** Returns the problems of the options of one enqueue, whatever the time: the enqueue compares times with Redis time. */
export function enqueueProblems(options: EnqueueOptions, allowLoopback: boolean): Problem[] {
  const {
    generationId,
    idempotencyKey,
    deadlineAt,
    runAt,
    tags,
    metadata,
    priority,
    withholdFlagged,
    traceparent,
    webhookURL,
    webhookEvents,
  } = options;
  const problems: Problem[] = [];
  if (webhookURL !== undefined) problems.push(...webhookUrlProblems('options.webhookURL', webhookURL, { allowLoopback }));
  if (webhookEvents !== undefined) problems.push(...notificationTypesProblems('options.webhookEvents', webhookEvents));
  if (webhookEvents !== undefined && webhookURL === undefined)
    problems.push({ path: 'options.webhookEvents', message: 'stands with options.webhookURL alone' });
  if (generationId !== undefined && (typeof generationId !== 'string' || !isGenerationId(generationId))) {
    problems.push({
      path: 'options.generationId',
      message: 'must be a lower-case UUIDv7, as `createGenerationId` makes them',
      given: show(generationId),
    });
  }
  if (idempotencyKey !== undefined) problems.push(...keyProblems('options.idempotencyKey', idempotencyKey));
  if (tags !== undefined) problems.push(...tagsProblems('options.tags', tags));
  if (metadata !== undefined) problems.push(...metadataProblems('options.metadata', metadata));
  if (withholdFlagged !== undefined && typeof withholdFlagged !== 'boolean')
    problems.push({ path: 'options.withholdFlagged', message: 'must be true or false', given: show(withholdFlagged) });
  if (priority !== undefined) problems.push(...priorityProblems('options.priority', priority));
  if (traceparent !== undefined) problems.push(...traceparentProblems('options.traceparent', traceparent));
  if (deadlineAt !== undefined && !isMoment(deadlineAt)) {
    problems.push({
      path: 'options.deadlineAt',
      message: 'must be a Date or whole milliseconds since 1970, in the future',
      given: show(deadlineAt),
    });
  }
  if (runAt !== undefined && !isMoment(runAt)) {
    problems.push({
      path: 'options.runAt',
      message: `must be a time in the next ${MAX_RUN_AHEAD_DAYS} days: a Date, or whole milliseconds since 1970`,
      given: show(runAt),
    });
  } else if (runAt !== undefined && deadlineAt !== undefined && millisecondsOf(runAt) >= millisecondsOf(deadlineAt)) {
    problems.push({ path: 'options.runAt', message: 'must be before options.deadlineAt', given: show(runAt) });
  }
  return problems;
}

/** Returns a time as milliseconds since 1970. */
export const millisecondsOf = (moment: Date | number): number => (moment instanceof Date ? moment.getTime() : moment);

export const isMoment = (moment: Date | number): boolean => {
  const at = millisecondsOf(moment);
  return Number.isSafeInteger(at) && at >= EARLIEST_MOMENT;
};

/** The rule of `DARKROOM_PREFIX`: a producer and its workers must be able to have the same. */
function prefixProblems(prefix: unknown): Problem[] {
  if (prefix === undefined) return [];
  const problem = typeof prefix === 'string' ? findPrefixProblem(prefix) : '';
  if (problem === undefined) return [];
  const rule = `must be ${KEY_PREFIX_RULE}`;
  return [{ path: 'prefix', message: problem === '' ? rule : `${problem}, and ${rule}`, given: show(prefix) }];
}

/** Returns the problem of an idempotency key. */
export const keyProblems = (path: string, key: unknown): Problem[] =>
  isIdempotencyKey(key)
    ? []
    : [
        {
          path,
          message: 'must have 1 to 256 characters, not all of them blanks, none a control character, in well-formed Unicode',
          given: typeof key === 'string' ? `${key.length} characters` : show(key),
        },
      ];

/**
 * Checks an idempotency key. It is kept as a digest of its UTF-8, in which all lone surrogates are the same. A key of blanks, or with a
 * line feed at its end, is a mistake: it would join generations that do not belong together, or separate those that do.
 */
const isIdempotencyKey = (key: unknown): boolean =>
  typeof key === 'string' && /^.{1,256}$/s.test(key) && /\S/.test(key) && !/[\p{Surrogate}\p{Cc}]/u.test(key);

const atLeast = (path: string, value: number, least: number): Problem[] =>
  Number.isSafeInteger(value) && value >= least
    ? []
    : [{ path, message: `must be a whole number and at least ${least}`, given: String(value) }];
