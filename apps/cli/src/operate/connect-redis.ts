import path from 'node:path';
import { LocalStackError } from '@darkroom/contracts';
import { connectFailFast, connectPatient, DEFAULT_PREFIX } from '@darkroom/generation-store';
import { readSettings, redisSettings, type Environment, type RedisSettings } from '@darkroom/service-runtime';
import { findRedisOf } from '../data-folder/find-port.ts';
import { shownPath } from '../shown-path.ts';

export interface OperationsOptions {
  environment: Environment;
  /** The data folder of a start; absent: the two that `npm start` uses. */
  dataDir: string | undefined;
  root: string;
}

/** A Redis of a Darkroom, which answers. */
export interface FoundRedis {
  readonly redis: ReturnType<typeof connectFailFast>;
  readonly prefix: string;
  /** Which one, without its password. */
  readonly where: string;
  /** The data folder that it was found in; absent: it is that of REDIS_URL. */
  readonly folder?: string;
}

const ANSWER_LIMIT_MS = 3000;

/**
 * Connects to the Redis of the environment, or else to the one that a start runs in its data folder.
 * @param isPatient Whether commands wait for a Redis that goes away meanwhile, instead of failing.
 * @throws ConfigError for a REDIS_URL that is none; LocalStackError when nothing answers, with what to do.
 */
export async function connectRedis(options: OperationsOptions, isPatient = false): Promise<FoundRedis> {
  const refusals: string[] = [];
  for (const { settings, ...candidate } of findCandidates(options)) {
    const redis = isPatient ? connectPatient(settings.url) : connectFailFast(settings.url);
    if (await becomesReady(redis)) return { redis, prefix: settings.prefix, ...candidate };
    redis.disconnect();
    refusals.push(`${candidate.where} does not answer`);
  }
  const found = refusals.length === 0 ? 'no start has run here' : refusals.join('; ');
  throw new LocalStackError(`cannot find a Darkroom: ${found}; start one with npm start, or set REDIS_URL (and DARKROOM_PREFIX)`);
}

interface Candidate {
  settings: RedisSettings;
  where: string;
  folder?: string;
}

function findCandidates({ environment, dataDir, root }: OperationsOptions): Candidate[] {
  if ((environment['REDIS_URL'] ?? '').trim() !== '') {
    const { redis } = readSettings({ redis: redisSettings }, environment);
    return [{ settings: redis, where: `the Redis of REDIS_URL (${new URL(redis.url).host}, keys ${redis.prefix})` }];
  }
  const folders = dataDir === undefined ? ['data', 'runware'].map((name) => path.join(root, '.local', name)) : [dataDir];
  return folders.flatMap((folder) => {
    const url = findRedisOf(folder);
    const where = `the Redis of npm start in ${shownPath(folder)}`;
    return url === undefined ? [] : [{ settings: { url, prefix: DEFAULT_PREFIX }, where: `${where} (${new URL(url).host})`, folder }];
  });
}

/** Whether a connection that does not wait by itself is there within moments. */
const becomesReady = (redis: ReturnType<typeof connectFailFast>): Promise<boolean> =>
  new Promise((resolve) => {
    const finish = (isReady: boolean): void => {
      clearTimeout(timer);
      redis.off('ready', onReady);
      redis.off('error', onError);
      resolve(isReady);
    };
    const onReady = (): void => finish(true);
    const onError = (): void => finish(false);
    const timer = setTimeout(() => finish(false), ANSWER_LIMIT_MS);
    redis.once('ready', onReady);
    redis.once('error', onError);
  });
