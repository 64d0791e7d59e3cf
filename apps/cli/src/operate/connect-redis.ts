import path from 'node:path';
import { LocalStackError } from '@darkroom/contracts';
import {
  checkFormat,
  connectFailFast,
  connectPatient,
  DEFAULT_PREFIX,
  describeRedisAddress,
  findRightsTrouble,
  hearRefusal,
  redisCureOf,
  redisTroubleOf,
  type RedisTrouble,
} from '@darkroom/generation-store';
import { readSettings, redisSettings, type Environment, type RedisSettings } from '@darkroom/service-runtime';
import { DEV_FOLDER } from '../data-folder/dev-folder.ts';
import { findRedisOf } from '../data-folder/find-port.ts';
import { shownPath } from '../shown-path.ts';

/** Longest wait at the end of a command for the last answer of Redis, which may be away. */
export const CLOSE_LIMIT_MS = 1000;

export interface OperationsOptions {
  environment: Environment;
  /** The data folder of a start; undefined: the two that `npm start` uses. */
  dataDir: string | undefined;
  root: string;
  /** Longest wait for a Redis that went away, in milliseconds, of the commands that wait for it. */
  goneMs?: number;
}

/** A Redis of a Darkroom that answers. */
export interface FoundRedis {
  readonly redis: ReturnType<typeof connectFailFast>;
  readonly prefix: string;
  /** Name for messages, without the password. */
  readonly where: string;
  /** The data folder that names it; absent for the Redis of REDIS_URL. */
  readonly folder?: string;
}

const ANSWER_LIMIT_MS = 3000;

/**
 * Connects to the Redis of the environment, or else to the one that a start runs in its data folder.
 * @param isPatient If true, calls wait for a Redis that goes away meanwhile, instead of failing.
 * @throws ConfigError for an invalid REDIS_URL; LocalStackError if no Redis can be used, with what to do.
 */
export async function connectRedis(options: OperationsOptions, isPatient = false): Promise<FoundRedis> {
  const refusals: string[] = [];
  for (const { settings, ...candidate } of findCandidates(options)) {
    const redis = (isPatient ? connectPatient : connectFailFast)(settings.url, settings.prefix);
    const trouble = await troubleOf(redis, settings.prefix);
    if (trouble === undefined) return { redis, prefix: settings.prefix, ...candidate };
    redis.disconnect();
    // `npm start` helps if no Redis is there; it does not help with a Redis that refuses us.
    if (!isAbsent(trouble)) throw refusalOf(candidate.where, trouble);
    refusals.push(`${candidate.where} does not answer (${trouble.reason})`);
  }
  const found = refusals.length === 0 ? '`npm start` has not run in this folder' : refusals.join('; ');
  throw new LocalStackError(
    `cannot find a Darkroom: ${found}; run \`npm start\` here, or set REDIS_URL (and DARKROOM_PREFIX) to one that runs elsewhere`,
  );
}

/**
 * Refuses a Redis that answers and lacks what an operator needs: the needs of all processes together. Accepts a Redis that does not
 * answer, which its caller handles.
 * @throws LocalStackError with the reason and what to do.
 */
export async function refuseUnusable(settings: RedisSettings): Promise<void> {
  const redis = connectFailFast(settings.url, settings.prefix);
  try {
    const trouble = await troubleOf(redis, settings.prefix);
    if (trouble !== undefined && !isAbsent(trouble)) throw refusalOf(whereOf(settings), trouble);
  } finally {
    redis.disconnect();
  }
}

const troubleOf = async (redis: ReturnType<typeof connectFailFast>, prefix: string): Promise<RedisTrouble | undefined> =>
  (await namedConnectTrouble(redis)) ??
  (await modeTrouble(redis)) ??
  (await rightsTrouble(redis, prefix)) ??
  (await formatTrouble(redis, prefix));

const refusalOf = (where: string, { reason, words, cure = redisCureOf(reason) }: RedisTrouble): LocalStackError =>
  new LocalStackError(`${where} cannot be used (${reason}): ${words}\n${cure}`);

/** Names the Redis of REDIS_URL with its user and without its password. */
const whereOf = ({ url, prefix }: RedisSettings): string => `the Redis of REDIS_URL (${describeRedisAddress(url)}, keys ${prefix})`;

/** A Redis that may be that of a Darkroom. */
export interface Candidate {
  settings: RedisSettings;
  where: string;
  folder?: string;
}

/** Lists the Redis of the environment, or those of the data folders. @throws ConfigError for an invalid REDIS_URL. */
export function findCandidates({ environment, dataDir, root }: OperationsOptions): Candidate[] {
  if ((environment['REDIS_URL'] ?? '').trim() !== '') {
    const { redis } = readSettings({ redis: redisSettings }, environment);
    return [{ settings: redis, where: whereOf(redis) }];
  }
  const usual = [path.resolve(DEV_FOLDER), ...['data', 'runware'].map((name) => path.join(root, '.local', name))];
  const folders = dataDir === undefined ? usual : [dataDir];
  return folders.flatMap((folder) => {
    const url = findRedisOf(folder);
    const where = `the Redis of npm start in ${shownPath(folder)}`;
    return url === undefined ? [] : [{ settings: { url, prefix: DEFAULT_PREFIX }, where: `${where} (${new URL(url).host})`, folder }];
  });
}

const isAbsent = ({ reason }: RedisTrouble): boolean =>
  ['refused', 'unknown-host', 'unreachable', 'timeout', 'closed', 'silent'].includes(reason);

/** Returns why a connection is not ready within ANSWER_LIMIT_MS; undefined if it is. */
const connectTrouble = (redis: ReturnType<typeof connectFailFast>): Promise<RedisTrouble | undefined> =>
  new Promise((resolve) => {
    const finish = (trouble?: RedisTrouble): void => {
      clearTimeout(timer);
      redis.off('ready', onReady);
      redis.off('error', onError);
      resolve(trouble);
    };
    const onReady = (): void => finish();
    const onError = (error: unknown): void => finish(redisTroubleOf(error));
    const timer = setTimeout(() => finish({ reason: 'timeout', words: `no answer within ${ANSWER_LIMIT_MS} ms` }), ANSWER_LIMIT_MS);
    redis.once('ready', onReady);
    redis.once('error', onError);
  });

/** Asks a Redis that closed the connection for its words. */
async function namedConnectTrouble(redis: ReturnType<typeof connectFailFast>): Promise<RedisTrouble | undefined> {
  const trouble = await connectTrouble(redis);
  return trouble?.reason === 'closed' || trouble?.reason === 'timeout' ? ((await hearRefusal(redis.options)) ?? trouble) : trouble;
}

/**
 * Finds a sentinel, a replica, or a node of a cluster whose address is not that of a cluster: each accepts a connection as a primary does, and
 * refuses later requests, the node after the next failover.
 */
async function modeTrouble(redis: ReturnType<typeof connectFailFast>): Promise<RedisTrouble | undefined> {
  const server = await redis.info('server').catch(() => ''); // a user without the right to INFO: its first request reports that
  const [, mode] = /redis_mode:(\w+)/.exec(server) ?? [];
  const isGuided = redis.options.Connector !== undefined;
  if (mode === 'sentinel' || (mode === 'cluster' && !isGuided)) return { reason: mode, words: `redis_mode is ${mode}` };
  const role = /role:(\w+)/.exec(await redis.info('replication').catch(() => ''))?.[1];
  return role === 'slave' ? { reason: 'read-only', words: 'its role is that of a replica' } : undefined;
}

/**
 * Finds missing rights before the command begins, because it would fail in its middle. A worker's are enough: its pod runs such commands with its
 * user, and the library asks for the further ones of those that listen.
 */
const rightsTrouble = (redis: ReturnType<typeof connectFailFast>, prefix: string): Promise<RedisTrouble | undefined> =>
  findRightsTrouble(redis, 'worker', prefix).catch(redisTroubleOf);

/** Finds a store of a later version, before the command changes anything. */
const formatTrouble = (redis: ReturnType<typeof connectFailFast>, prefix: string): Promise<RedisTrouble | undefined> =>
  checkFormat(redis, prefix).then(() => undefined, redisTroubleOf);
