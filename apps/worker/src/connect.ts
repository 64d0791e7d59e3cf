import { randomUUID } from 'node:crypto';
import { buildGenerationStore, connectPatient, defaultRetention, watchRedis, type GenerationStore } from '@darkroom/generation-store';
import { createObjectStorage, requestsBy, type ObjectStorage } from '@darkroom/object-storage';
import { createSettlements, createSubmissions } from '@darkroom/queues';
import { createPooledFetch, createRunwareClient, type RunwareClient } from '@darkroom/runware-client';
import { createLogger, createRedisClock, type ProcessLogger } from '@darkroom/service-runtime';
import { imageHostsOf, MAX_IMAGE_BYTES, secretsOf, type WorkerConfig } from './config.ts';
import { watchProvider } from './watch-provider.ts';

/** Parts of a worker that tests may replace. */
export interface WorkerDependencies {
  storage: ObjectStorage;
  provider: RunwareClient;
  logger: ProcessLogger;
  now: () => number;
  requestLimitMs: number;
}

export interface ConnectOptions {
  /** Reads the id of the Darkroom that the store belongs to. */
  ownerId(): string | undefined;
  /** Called whenever Redis becomes usable or stops being so. */
  onRedisChange(): void;
  /** Aborted when the worker stops. */
  signal: AbortSignal;
}

/** A worker's connections to Redis, S3 and the provider, with the stores and queues that speak through them. */
export type Connections = ReturnType<typeof connect>;

/** Opens a worker's connections. None of them waits here: a dependency that is away is awaited by the start. */
export function connect(config: WorkerConfig, overrides: Partial<WorkerDependencies>, { ownerId, onRedisChange, signal }: ConnectOptions) {
  const { redis: redisConfig, s3, runware, timing, worker: settings } = config;
  const { now: wallMs = Date.now } = overrides;
  const redis = connectPatient(redisConfig.url, redisConfig.prefix);
  const clock = createRedisClock({ readTime: () => redis.time(), wallMs, monotonicMs });
  const now = clock.now;
  const logger = overrides.logger ?? createLogger({ name: 'worker', ...config.log, secrets: secretsOf(config) });
  const limits = { requestTimeoutMs: timing.requestTimeoutMs, maxImageBytes: MAX_IMAGE_BYTES };
  const storage = overrides.storage ?? createObjectStorage({ ...s3, ...limits }, { now, createRequests: requestsBy[settings.s3Requests] });
  const pooledFetch = createPooledFetch(settings.submitConcurrency + settings.settleConcurrency + SPARE_CONNECTIONS);
  const reachedProvider =
    overrides.provider ??
    createRunwareClient({ ...runware, ...limits, imageHosts: imageHostsOf(config) }, { now, fetch: pooledFetch.fetch });
  const provider = watchProvider(
    reachedProvider,
    { url: runware.url, firstMs: timing.troubleMs, maxMs: timing.maxTroubleMs },
    { logger, now: monotonicMs, createId: randomUUID, signal },
  );
  const redisWatch = watchRedis(redis, { ...redisConfig, process: 'worker', log: logger, onChange: onRedisChange });
  const store: GenerationStore = buildGenerationStore(
    {
      prefix: redisConfig.prefix,
      retention: defaultRetention,
      pollRate: { perSecond: settings.pollsPerSecond, burst: settings.pollsPerSecond * 2 },
      ownerId,
    },
    redis,
  );
  const queue = { prefix: redisConfig.prefix, now };
  const submissions = createSubmissions(redis, queue);
  const settlements = createSettlements(redis, queue);
  return {
    redis,
    redisWatch,
    clock,
    wallMs,
    logger,
    limits,
    storage,
    provider,
    store,
    queue,
    submissions,
    settlements,

    /** Cuts every connection: it ends a start, a comparison or a pass that waits for Redis or S3. */
    cut(): void {
      redisWatch.close();
      redis.disconnect();
      storage.close();
    },

    /** Waits for the end of what `cut` has cut off. */
    closed: () => Promise.allSettled([submissions.close(), settlements.close(), pooledFetch.close()]),
  };
}

const monotonicMs = (): number => performance.now();

/** Connections to the provider beside those of runs: the worker itself asks whether it may buy. */
const SPARE_CONNECTIONS = 4;
