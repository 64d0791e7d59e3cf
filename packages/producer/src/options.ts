import {
  COMPARED_MS,
  ConfigError,
  ProblemList,
  TENANT_RULE,
  isGenerationId,
  isTenant,
  readOptions,
  readRedisAddress,
  type Problem,
} from '@darkroom/contracts';
import { hasHashTag, MAX_RUN_AHEAD_DAYS } from '@darkroom/generation-store';

export interface ProducerOptions {
  /** Address of the Redis that the workers use: "redis://…" or "rediss://…". */
  redisUrl: string;
  /** Starts every key; must be that of the workers and hold a hash tag. Defaults to "{darkroom}". */
  prefix?: string;
  /** Whose money is spent, for the caps per tenant: 1 to 128 letters, digits, "-", "_", ".", ":", "@", "+" or "|". Defaults to "default". */
  tenant?: string;
  /** How many reference images a request may have. Defaults to 1: the model's page names no maximum. */
  maxReferenceImages?: number;
  /** How long a finished generation stays in Redis, in seconds. Defaults to 7 days; at least 3: what S3 learnt in the last two days is looked for in Redis. */
  recordSeconds?: number;
  /** How long an idempotency key is remembered after its generation is over, in seconds. Defaults to 7 days; at least 2, the settle horizon with room. */
  idempotencySeconds?: number;
  /** The clock, in milliseconds since 1970. */
  now?: () => number;
}

export interface EnqueueOptions {
  /**
   * Your own id for this generation, a UUIDv7. Enqueueing it again changes nothing, however old it is; one that Redis does not know may
   * be up to 24 hours old, and five minutes ahead, by Redis time.
   */
  generationId?: string;
  /**
   * Your own key: a second enqueue with the same key answers with the first generation. 1 to 256 characters,
   * compared byte for byte: "é" as one character and as two are two keys. Not blanks alone, and no control characters.
   */
  idempotencyKey?: string;
  /** When to give up buying: a Date or milliseconds since 1970, in the future. */
  deadlineAt?: Date | number;
  /**
   * When to buy, and not before: a Date or milliseconds since 1970, in the next 30 days and before `deadlineAt`. The money is held
   * then, and not at once; if a cap is reached by then, the generation waits for money. Defaults to now.
   */
  runAt?: Date | number;
  /** Overrides the producer's tenant. */
  tenant?: string;
}

/** The options of many enqueues at once. Lists hold one entry for each request, in the same order. */
export interface EnqueueManyOptions extends Pick<EnqueueOptions, 'deadlineAt' | 'runAt' | 'tenant'> {
  /** Your own ids; each once. */
  generationIds?: readonly string[];
  /** Your own keys. */
  idempotencyKeys?: readonly string[];
}

const DAY_SECONDS = 86_400;
/** What S3 remembers and Redis does not is brought back: a record that was let go sooner would be paid twice in the ledger. A day of room. */
const MIN_RECORD_SECONDS = COMPARED_MS / 1000 + DAY_SECONDS;
/** A day to settle, and one of room. */
const MIN_IDEMPOTENCY_SECONDS = 2 * DAY_SECONDS;
/** An earlier moment was counted in seconds, or is a mistake of another kind. */
const EARLIEST_MOMENT = Date.UTC(2020, 0, 1);
const producerOptions = [
  'redisUrl',
  'prefix',
  'tenant',
  'maxReferenceImages',
  'recordSeconds',
  'idempotencySeconds',
  'now',
] as const satisfies readonly (keyof ProducerOptions)[];
const sharedOptions = ['deadlineAt', 'runAt', 'tenant'] as const satisfies readonly (keyof EnqueueOptions)[];
/** Names of the options of one enqueue. */
export const enqueueOptions = ['generationId', 'idempotencyKey', ...sharedOptions] as const satisfies readonly (keyof EnqueueOptions)[];
/** Names of the options of many enqueues. */
export const enqueueManyOptions = [
  'generationIds',
  'idempotencyKeys',
  ...sharedOptions,
] as const satisfies readonly (keyof EnqueueManyOptions)[];
/** Names in other queues and APIs, in lower case. */
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
};

/**
 * Reads the options of a call, and adds what their names have wrong. Times become numbers: a Date could be changed while the call runs.
 * @param known Names that the call takes.
 */
export function readCallOptions<Options extends object>(
  given: Options,
  known: readonly string[],
  problems: ProblemList,
): Options | undefined {
  const options = readOptions(given, { path: 'options', known, otherNames }, problems);
  if (options === undefined) return undefined;
  return Object.fromEntries(
    Object.entries(options).map(([name, value]: [string, unknown]) => [name, value instanceof Date ? value.getTime() : value]),
  ) as Options; // every option that takes a Date takes milliseconds too
}

/** Reads a producer's own settings. The address may hold a password and is not repeated. @throws ConfigError */
export function readProducerOptions(given: ProducerOptions): ProducerOptions {
  const problems = new ProblemList();
  const names = { path: '', known: producerOptions, otherNames: { url: 'redisUrl', connection: 'redisUrl' } };
  const options = readOptions(given, names, problems);
  if (options === undefined) throw new ConfigError(problems);
  const { redisUrl, prefix, tenant, maxReferenceImages = 0 } = options;
  const { recordSeconds = MIN_RECORD_SECONDS, idempotencySeconds = MIN_IDEMPOTENCY_SECONDS, now } = options;
  const address = readRedisAddress(redisUrl);
  problems.push(
    ...('problem' in address ? [{ path: 'redisUrl', message: address.problem }] : []),
    ...(prefix === undefined || (typeof prefix === 'string' && hasHashTag(prefix))
      ? []
      : [{ path: 'prefix', message: 'must hold a hash tag, such as "{darkroom}"', given: show(prefix) }]),
    ...tenantProblems('tenant', tenant),
    ...atLeast('maxReferenceImages', maxReferenceImages, 0),
    ...atLeast('recordSeconds', recordSeconds, MIN_RECORD_SECONDS),
    ...atLeast('idempotencySeconds', idempotencySeconds, MIN_IDEMPOTENCY_SECONDS),
    ...(now === undefined || typeof now === 'function' ? [] : [{ path: 'now', message: 'must be a function', given: show(now) }]),
  );
  if (problems.count > 0) throw new ConfigError(problems);
  return options;
}

/** What is wrong with the options of one enqueue, whatever time it is: times are compared with that of Redis when it is enqueued. */
export function enqueueProblems({ generationId, idempotencyKey, deadlineAt, runAt, tenant }: EnqueueOptions): Problem[] {
  const problems: Problem[] = [];
  if (generationId !== undefined && (typeof generationId !== 'string' || !isGenerationId(generationId))) {
    problems.push({ path: 'options.generationId', message: 'must be a lower-case UUIDv7', given: show(generationId) });
  }
  if (idempotencyKey !== undefined && !isIdempotencyKey(idempotencyKey)) {
    problems.push({
      path: 'options.idempotencyKey',
      message: 'must have 1 to 256 characters, not all of them blanks, none a control character, in well-formed Unicode',
      given: typeof idempotencyKey === 'string' ? `${idempotencyKey.length} characters` : show(idempotencyKey),
    });
  }
  if (deadlineAt !== undefined && !isMoment(deadlineAt)) {
    problems.push({
      path: 'options.deadlineAt',
      message: 'must be a moment in the future: a Date, or whole milliseconds since 1970',
      given: show(deadlineAt),
    });
  }
  if (runAt !== undefined && !isMoment(runAt)) {
    problems.push({
      path: 'options.runAt',
      message: `must be a moment in the next ${MAX_RUN_AHEAD_DAYS} days: a Date, or whole milliseconds since 1970`,
      given: show(runAt),
    });
  } else if (runAt !== undefined && deadlineAt !== undefined && millisecondsOf(runAt) >= millisecondsOf(deadlineAt)) {
    problems.push({ path: 'options.runAt', message: 'must be before options.deadlineAt', given: show(runAt) });
  }
  return [...problems, ...tenantProblems('options.tenant', tenant)];
}

/** A moment as milliseconds since 1970. */
export const millisecondsOf = (moment: Date | number): number => (moment instanceof Date ? moment.getTime() : moment);

const isMoment = (moment: Date | number): boolean => {
  const at = millisecondsOf(moment);
  return Number.isSafeInteger(at) && at >= EARLIEST_MOMENT;
};

const tenantProblems = (path: string, tenant: string | undefined): Problem[] =>
  tenant === undefined || isTenant(tenant) ? [] : [{ path, message: `must be ${TENANT_RULE}`, given: show(tenant) }];

/**
 * Kept as a digest of its UTF-8, in which all lone surrogates are the same. A key of blanks, or one that ends in a line feed, is a
 * mistake of its caller: it would join what does not belong together, or part what does.
 */
const isIdempotencyKey = (key: unknown): boolean =>
  typeof key === 'string' && /^.{1,256}$/s.test(key) && /\S/.test(key) && !/[\p{Surrogate}\p{Cc}]/u.test(key);

/** What was given, for a caller without types too. */
function show(value: unknown): string {
  if (typeof value === 'string') return `"${value.slice(0, 64)}"`;
  return typeof value === 'number' || value instanceof Date ? String(value) : typeof value;
}

const atLeast = (path: string, value: number, least: number): Problem[] =>
  Number.isSafeInteger(value) && value >= least
    ? []
    : [{ path, message: `must be a whole number and at least ${least}`, given: String(value) }];
