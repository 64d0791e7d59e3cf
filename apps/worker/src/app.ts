import { randomUUID } from 'node:crypto';
import { defined } from '@darkroom/contracts';
import {
  buildGenerationStore,
  connectPatient,
  defaultRetention,
  hasNewerFormat,
  watchRedis,
  type GenerationStore,
} from '@darkroom/generation-store';
import { createObjectStorage, createSdkRequests, createSignedRequests, type ObjectStorage } from '@darkroom/object-storage';
import { createSettlements, createSubmissions } from '@darkroom/queues';
import { createBalanceReader, createPooledFetch, createRunwareClient, type RunwareClient } from '@darkroom/runware-client';
import {
  addConnectionGauge,
  atMost,
  closeServer,
  createHttpServer,
  createLogger,
  createMetrics,
  createMetricsRoutes,
  createPulse,
  createRedisClock,
  retryUntilDone,
  type ProcessLogger,
  type Service,
  watchClock,
} from '@darkroom/service-runtime';
import { followAnswers } from './answers.ts';
import { checkWebhookAddress } from './check-webhook-address.ts';
import { closeWorkers } from './close-workers.ts';
import { imageHostsOf, MAX_IMAGE_BYTES, secretsOf, type WorkerConfig } from './config.ts';
import { startConsuming, type Consuming } from './consume.ts';
import { joinAccess } from './join-access.ts';
import { joinPurchase } from './join-purchase.ts';
import { joinRecovery } from './join-recovery.ts';
import { keepSettings } from './keep-settings.ts';
import { joinSums } from './keep-sums.ts';
import { maintain } from './maintain.ts';
import { addCredentialsGauge } from './metrics/credentials-gauge.ts';
import { addQueueGauges } from './metrics/queue-gauges.ts';
import { addRedisGauges } from './metrics/redis-gauges.ts';
import { addSettingsGauge } from './metrics/settings-gauge.ts';
import { addStoreTotals } from './metrics/store-totals.ts';
import { addTenantSpend } from './metrics/tenant-spend.ts';
import { createWorkerMetrics } from './metrics/worker-metrics.ts';
import { logEnds } from './log-ends.ts';
import { createOwnStore } from './own-store.ts';
import { readHistory } from './read-history.ts';
import { warnOfShortCredentials } from './warn-of-short-credentials.ts';
import { tellLife } from './tell-life.ts';
import { watchBalance } from './watch-balance.ts';
import { watchBucket } from './watch-bucket.ts';
import { watchProvider } from './watch-provider.ts';
import { watchRedisSetup } from './watch-redis-setup.ts';
import { watchServerRun } from './watch-server-run.ts';
import type { WatchedWorker } from './watched-worker.ts';
import { createWorkerHealth } from './worker-health.ts';

const monotonicMs = (): number => performance.now();

export interface WorkerDependencies {
  storage: ObjectStorage;
  provider: RunwareClient;
  logger: ProcessLogger;
  now: () => number;
  requestLimitMs: number;
}

export interface WorkerApp extends Service {
  start(): Promise<void>;
  /** The address of /livez, /readyz and /metrics; known soon after `start` begins. */
  healthUrl(): string | undefined;
}

/** Builds a worker, which buys queued submissions and settles them. @param overrides For tests; production passes none. */
export function createWorkerApp(config: WorkerConfig, overrides: Partial<WorkerDependencies> = {}): WorkerApp {
  const { redis: redisConfig, s3, runware, webhook, spend, timing, worker: settings } = config;
  const { now: wallMs = Date.now } = overrides;
  const redis = connectPatient(redisConfig.url);
  const clock = createRedisClock({ readTime: () => redis.time(), wallMs, monotonicMs });
  const now = clock.now;
  const logger = overrides.logger ?? createLogger({ name: 'worker', ...config.log, secrets: secretsOf(config) });
  const limits = { requestTimeoutMs: timing.requestTimeoutMs, maxImageBytes: MAX_IMAGE_BYTES };
  const createRequests = settings.s3Requests === 'sdk' ? createSdkRequests : createSignedRequests;
  const storage = overrides.storage ?? createObjectStorage({ ...s3, ...limits }, { now, createRequests });
  const pooledFetch = createPooledFetch(settings.submitConcurrency + settings.settleConcurrency + SPARE_CONNECTIONS);
  const reachedProvider =
    overrides.provider ??
    createRunwareClient({ ...runware, ...limits, imageHosts: imageHostsOf(config) }, { now, fetch: pooledFetch.fetch });
  const hurry = new AbortController();
  const stopped = new AbortController();
  const provider = watchProvider(
    reachedProvider,
    { url: runware.url, firstMs: timing.troubleMs, maxMs: timing.maxTroubleMs },
    { logger, now: monotonicMs, createId: randomUUID, signal: stopped.signal },
  );

  const redisWatch = watchRedis(redis, { ...redisConfig, process: 'worker', log: logger, onChange: () => followPauses() });
  const isOutdated = (): boolean => hasNewerFormat(redisWatch.state());
  const queueSettings = { prefix: redisConfig.prefix, now };
  const store: GenerationStore = buildGenerationStore(
    {
      prefix: redisConfig.prefix,
      retention: defaultRetention,
      pollRate: { perSecond: settings.pollsPerSecond, burst: settings.pollsPerSecond * 2 },
      ownerId: () => ownStore.ownerId(),
    },
    redis,
  );
  const submissions = createSubmissions(redis, queueSettings);
  const settlements = createSettlements(redis, queueSettings);
  const metrics = createMetrics({ process: 'worker' });
  const workerMetrics = createWorkerMetrics(metrics);
  addQueueGauges(metrics, { connection: redis, submissions, settlements, store, now });
  addStoreTotals(metrics, store);
  addTenantSpend(metrics, store, settings.metricsTenants);
  addRedisGauges(metrics, redis);
  addCredentialsGauge(metrics, storage);
  const watching = { logger, now: monotonicMs };
  const s3Watch = watchBucket(storage, s3, { ...watching, onChange: () => followPauses() });
  addConnectionGauge(metrics, { redis: () => redisWatch.state().kind === 'usable', s3: () => !s3Watch.isAway() });
  const redisSetup = watchRedisSetup(redis, watching);
  const pulse = createPulse({ isExpected: () => redis.status === 'ready' });
  let consuming: Consuming | undefined;
  const access = joinAccess(config, { store, provider, submissions, storage, now, logger, onChange: () => followPauses() });
  const { maxSubmissions, everyMs, graceMs } = config.reconcile;
  const recovery = joinRecovery({ store, storage, submissions, settlements, timing, maxSubmissions, now });
  const keptSettings = keepSettings({ ...spend, askS3EveryMs: SETTINGS_MS }, { store, archive: storage, logger });
  addSettingsGauge(metrics, keptSettings);
  const darkroomId = config.darkroom.id;
  const ownStore = createOwnStore(
    { store, archive: storage, prefix: redisConfig.prefix, createId: randomUUID, ...defined({ darkroomId }) },
    () => keptSettings.seed(),
    logger,
  );
  let foreign: Error | undefined;
  /** Takes no jobs while Redis and bucket belong to different Darkrooms, for example after an operator exchanged one of them. */
  function setForeign(error: Error | undefined): void {
    if (error === undefined && foreign === undefined) return;
    foreign = error;
    followPauses();
  }
  const serverRunWatch = watchServerRun(
    { everyMs: Math.max(1000, timing.maxTroubleMs / 12), turnMs: Math.max(2000, timing.maxTroubleMs / 6) },
    {
      redis,
      store,
      recovery,
      submissions,
      ownStore,
      onForeign: setForeign,
      settings: keptSettings,
      logger,
      holder: randomUUID(),
    },
  );
  const maintenance = maintain(
    { connection: redis, queue: queueSettings, timing, everyMs, graceMs },
    { store, storage, submissions, settlements, recovery, now, pulse, logger, metrics: workerMetrics },
  );
  const mayWrite = (): boolean => foreign === undefined;
  const sumsKeeper = joinSums(redis, redisConfig.prefix, { store, archive: storage, mayWrite, ...watching });
  const balance = watchBalance(metrics, createBalanceReader({ ...runware, ...limits }, { now }), { now: monotonicMs });
  const life = tellLife(store);
  const ends = logEnds(store, logger);
  const history = readHistory(redis, redisConfig.prefix, { store, recovery, mayWrite, logger });
  let starting: Promise<void> | undefined;
  let isStarted = false;
  // Timers of this process use Redis time. BullMQ uses the clock of the process: with a wrong one it would move jobs at the wrong time.
  const clockWatch = watchClock({
    clock,
    logger,
    consequence: 'it takes no jobs, and is not ready, until the two are less than a minute apart',
    onChange: () => followPauses(),
  });
  /**
   * A worker takes jobs while its clock is right, it knows the format of the store, and Redis and bucket belong together. It takes submissions only while S3 answers and
   * the provider takes purchases, and settlements only while the provider answers questions. Each condition pauses and resumes by itself.
   */
  const followPauses = (): void => {
    const isStopped = foreign !== undefined || isOutdated() || !clockWatch.isRight();
    consuming?.setPaused({ submissions: isStopped || s3Watch.isAway() || access.isHeld(), settlements: isStopped || !access.canAsk() });
    maintenance.pause(isStopped);
  };
  let stopping: Promise<void> | undefined;
  let healthUrl: string | undefined;
  const workers = (): WatchedWorker[] => [
    ...(consuming?.workers ?? []),
    ...[maintenance.worker()].filter((worker) => worker !== undefined),
  ];

  const server = createHttpServer({ requestLimitMs: overrides.requestLimitMs });
  void server.register(createMetricsRoutes(metrics));
  void server.register(
    createWorkerHealth({
      redis: redisWatch,
      redisSetup: redisSetup.check,
      bucket: s3Watch.check,
      clock: clockWatch,
      store,
      access,
      pulse,
      workers,
      foreign: () => foreign,
      isOutdated,
      phase: () => (stopping !== undefined ? 'stopping' : isStarted ? 'started' : 'starting'),
    }),
  );

  /** Runs the steps from the open port to the first job, in order. It waits for Redis and S3; a stop may end it at each step. */
  async function bringUp(): Promise<void> {
    await Promise.all([s3Watch.start(), redisSetup.start(), pulse.start()]);
    await Promise.all([redisWatch.untilUsable(), redisSetup.untilThere(), s3Watch.untilThere()]);
    await clockWatch.start();
    await life.start();
    await retryUntilDone('store', openEverything, { signal: stopped.signal, logger, now: monotonicMs });
    await serverRunWatch.start?.();
    await access.start();
    if (stopped.signal.aborted) return;
    const purchase = joinPurchase({
      store,
      storage,
      provider,
      access,
      submissions,
      settlements,
      webhook,
      timing,
      maxSubmissions,
      askForUpload: settings.askForUpload,
      now,
      wallMs,
      logger,
    });
    consuming = startConsuming(
      {
        connection: redis,
        queue: queueSettings,
        timing,
        submitConcurrency: settings.submitConcurrency,
        settleConcurrency: settings.settleConcurrency,
      },
      {
        purchase,
        submissions,
        settlements,
        newestDelivery: (ref) => store.newestDelivery(ref),
        hurry: hurry.signal,
        pulse,
        onStorageTrouble: s3Watch.lookSoon,
        logger,
        metrics: workerMetrics,
      },
    );
    await Promise.all([maintenance.start(), sumsKeeper.start(), history.start(), ends.start(), balance.start()]);
    followPauses();
    isStarted = true;
    logger.info(
      {
        health: healthUrl,
        webhook: webhook?.baseUrl ?? 'none: workers poll for results',
        uploads: settings.askForUpload ? 's3' : 'none: images are fetched from imageURL',
        submitConcurrency: settings.submitConcurrency,
        settleConcurrency: settings.settleConcurrency,
      },
      'worker started',
    );
    if (webhook !== undefined) void checkWebhookAddress(webhook, logger, stopped.signal);
  }

  async function openEverything(): Promise<void> {
    await warnOfShortCredentials(storage, timing, now(), logger);
    await ownStore.open();
  }

  return {
    logger,
    healthUrl: () => healthUrl,
    async start() {
      if (stopping !== undefined) return;
      healthUrl = await server.listen({ host: config.listen.host, port: config.listen.port });
      logger.info({ health: healthUrl }, 'worker listens, and waits for redis and S3');
      starting = bringUp().catch((error: unknown) => {
        if (!stopped.signal.aborted) throw error;
      });
      await starting;
    },
    stop(signal) {
      stopping ??= (async () => {
        stopped.abort();
        signal?.addEventListener('abort', () => hurry.abort(), { once: true });
        if (signal?.aborted === true) hurry.abort();
        const saidFarewell = access.stop();
        const loops = [life, ends, balance, serverRunWatch, maintenance, sumsKeeper, history, s3Watch, redisSetup, clockWatch, pulse].map(
          (loop) => loop.stop(),
        );
        const answers = followAnswers(redis);
        const left = await closeWorkers(workers(), { hurry: hurry.signal, canWrite: answers.isAnswered });
        answers.stop();
        // The last write only informs operators, and Redis forgets it within a minute: the stop does not wait for a Redis that is away.
        await atMost(LAST_WORDS_MS, saidFarewell);
        // This ends the start, a comparison or a pass that waits for Redis or S3.
        redisWatch.close();
        redis.disconnect();
        storage.close();
        await atMost(
          LAST_LOOPS_MS,
          Promise.allSettled([
            saidFarewell,
            ...loops,
            starting,
            submissions.close(),
            settlements.close(),
            pooledFetch.close(),
            closeServer(server, AbortSignal.timeout(500)),
          ]),
        );
        if (left > 0) throw new Error(`${left} runs were cut off; another worker takes their jobs when their locks end`);
      })();
      return stopping;
    },
  };
}

/** The worker asks S3 this often for settings that an operator's process wrote to S3 but not to Redis, because it died in between. */
const SETTINGS_MS = 60_000;

/** Connections to the provider beside those of runs: the worker itself asks whether it may buy. */
const SPARE_CONNECTIONS = 4;

/** A held worker gets this long to report that it ends. */
const LAST_WORDS_MS = 1000;

/** The loops get this long to end after their connections are closed. */
const LAST_LOOPS_MS = 1500;
