import path from 'node:path';
import { LocalStackError } from '@darkroom/contracts';
import { buildGenerationStore, connectFailFast, DEFAULT_PREFIX, type GenerationStore } from '@darkroom/generation-store';
import type { ObjectStorage } from '@darkroom/object-storage';
import { countBacklog, createSettlements, createSubmissions, type Submissions } from '@darkroom/queues';
import { readSettings, redisSettings, type Environment, type RedisSettings } from '@darkroom/service-runtime';
import { findRedisOf } from '../data-folder/find-port.ts';
import { openBucket } from './open-bucket.ts';
import { shownPath } from '../shown-path.ts';

/** A Darkroom that runs, as an operator sees it. */
export interface Operations {
  /** Which one, without its password. */
  readonly where: string;
  readonly store: GenerationStore;
  readonly submissions: Submissions;
  /** What each queue holds, by the words of BullMQ, and how much of it is to be done now. */
  countQueues(now: number): Promise<{ queue: string; states: Readonly<Record<string, number>>; backlog: number }[]>;
  /** The bucket that belongs to it; its caller closes it. @throws ConfigError, LocalStackError when it is not known. */
  openBucket(): ObjectStorage;
  close(): Promise<void>;
}

export interface OperationsOptions {
  environment: Environment;
  /** The data folder of a start; absent: the two that `npm start` uses. */
  dataDir: string | undefined;
  root: string;
}

const ANSWER_LIMIT_MS = 3000;

/**
 * Connects to the Redis of the environment, or else to the one that a start runs in its data folder.
 * @throws ConfigError for a REDIS_URL that is none; LocalStackError when nothing answers, with what to do.
 */
export async function openOperations(options: OperationsOptions): Promise<Operations> {
  const candidates = findCandidates(options);
  const refusals: string[] = [];
  for (const candidate of candidates) {
    const redis = connectFailFast(candidate.settings.url);
    if (!(await becomesReady(redis))) {
      redis.disconnect();
      refusals.push(`${candidate.where} does not answer`);
      continue;
    }
    const { prefix } = candidate.settings;
    const retention = { recordSeconds: 1, idempotencySeconds: 1 }; // nothing is enqueued from here
    const submissions = createSubmissions(redis, { prefix, failFast: true });
    const settlements = createSettlements(redis, { prefix, failFast: true });
    return {
      where: candidate.where,
      store: buildGenerationStore({ prefix, retention, pollRate: { perSecond: 1, burst: 1 } }, redis),
      submissions,
      openBucket: () => openBucket(options.environment, candidate.folder),
      countQueues: (now) =>
        Promise.all(
          [submissions, settlements].map(async ({ queue }) => ({
            queue: queue.name,
            states: await queue.getJobCounts(),
            backlog: await countBacklog(redis, queue, now),
          })),
        ),
      async close() {
        await Promise.allSettled([submissions.close(), settlements.close()]);
        redis.disconnect();
      },
    };
  }
  const found = refusals.length === 0 ? 'no start has run here' : refusals.join('; ');
  throw new LocalStackError(`cannot find a Darkroom: ${found}; start one with npm start, or set REDIS_URL (and DARKROOM_PREFIX)`);
}

interface Candidate {
  settings: RedisSettings;
  where: string;
  /** The data folder of the start that runs it. */
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
    return url === undefined
      ? []
      : [
          {
            folder,
            settings: { url, prefix: DEFAULT_PREFIX },
            where: `the Redis of npm start in ${shownPath(folder)} (${new URL(url).host})`,
          },
        ];
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
