import {
  ConfigError,
  KEY_PREFIX_RULE,
  MAX_CHECKPOINT_AGE_MS,
  MOST_REFERENCE_IMAGES,
  ProblemList,
  findPrefixProblem,
  readOptions,
  readRedisAddress,
  type Problem,
} from '@darkroom/contracts';
import type { ProducerOptions } from './options.ts';
import { show, tenantProblems } from './tenant-problems.ts';

const DAY_SECONDS = 86_400;
/**
 * A Redis that comes back is compared with S3: an entry dropped sooner would be booked twice in the ledger. Plus a day of margin.
 */
const MIN_RECORD_SECONDS = MAX_CHECKPOINT_AGE_MS / 1000 + DAY_SECONDS;
/** A generation settles within a day; the second day is margin. */
const MIN_IDEMPOTENCY_SECONDS = 2 * DAY_SECONDS;
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
    ...(isReferenceBound(maxReferenceImages)
      ? []
      : [{ path: 'maxReferenceImages', message: `must be ${REFERENCE_BOUND_RULE}`, given: show(maxReferenceImages) }]),
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

export const REFERENCE_BOUND_RULE = `a whole number from 0 to ${MOST_REFERENCE_IMAGES}`;

/** Returns true for a bound that a producer may set on the reference images of a request. */
export const isReferenceBound = (value: number): boolean => Number.isSafeInteger(value) && value >= 0 && value <= MOST_REFERENCE_IMAGES;

/** The rule of `DARKROOM_PREFIX`: a producer and its workers must be able to have the same. */
function prefixProblems(prefix: unknown): Problem[] {
  if (prefix === undefined) return [];
  const problem = typeof prefix === 'string' ? findPrefixProblem(prefix) : '';
  if (problem === undefined) return [];
  const rule = `must be ${KEY_PREFIX_RULE}`;
  return [{ path: 'prefix', message: problem === '' ? rule : `${problem}, and ${rule}`, given: show(prefix) }];
}

const atLeast = (path: string, value: number, least: number): Problem[] =>
  Number.isSafeInteger(value) && value >= least
    ? []
    : [{ path, message: `must be a whole number and at least ${least}`, given: show(value) }];
