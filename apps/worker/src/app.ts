import { randomUUID } from 'node:crypto';
import { defined } from '@darkroom/contracts';
import { hasNewerFormat } from '@darkroom/generation-store';
import { createBalanceReader } from '@darkroom/runware-client';
import {
  closeServer,
  createHttpServer,
  createMetrics,
  createMetricsRoutes,
  createPulse,
  createTracing,
  retryUntilDone,
  type Service,
  watchClock,
} from '@darkroom/service-runtime';
import { checkWebhookAddress } from './check-webhook-address.ts';
import type { WorkerConfig } from './config.ts';
import { connect, type WorkerDependencies } from './connect.ts';
import { startConsuming, type Consuming } from './consume.ts';
import { followEnds } from './follow-ends.ts';
import { joinAccess } from './join-access.ts';
import { joinPurchase } from './join-purchase.ts';
import { joinRecovery } from './join-recovery.ts';
import { keepSettings } from './keep-settings.ts';
import { joinSums } from './keep-sums.ts';
import { maintain } from './maintain.ts';
import { addGauges } from './metrics/gauges.ts';
import { createWorkerMetrics } from './metrics/worker-metrics.ts';
import { createOwnStore } from './own-store.ts';
import { readHistory } from './read-history.ts';
import { stopWorker } from './stop-worker.ts';
import { warnOfShortCredentials } from './warn-of-short-credentials.ts';
import { tellLife } from './tell-life.ts';
import { watchBalance } from './watch-balance.ts';
import { watchBucket } from './watch-bucket.ts';
import { watchRedisSetup } from './watch-redis-setup.ts';
import { watchServerRun } from './watch-server-run.ts';
import type { WatchedWorker } from './watched-worker.ts';
import { createWorkerHealth } from './worker-health.ts';

const monotonicMs = (): number => performance.now();

export interface WorkerApp extends Service {
  start(): Promise<void>;
  /** The address of /livez, /readyz and /metrics; known soon after `start` begins. */
  healthUrl(): string | undefined;
}

/** Builds a worker, which buys queued submissions and settles them. @param overrides For tests; production passes none. */
export function createWorkerApp(config: WorkerConfig, overrides: Partial<WorkerDependencies> = {}): WorkerApp {
  const { redis: redisConfig, s3, runware, webhook, spend, timing, worker: settings } = config;
  const hurry = new AbortController();
  const stopped = new AbortController();
  const connections = connect(config, overrides, {
    ownerId: () => ownStore.ownerId(),
    onRedisChange: () => followPauses(),
    signal: stopped.signal,
  });
  const { redis, redisWatch, clock, wallMs, logger, storage, provider, store, queue, submissions, settlements } = connections;
  const now = clock.now;
  const isOutdated = (): boolean => hasNewerFormat(redisWatch.state());
  const metrics = createMetrics({ process: 'worker' });
  const workerMetrics = createWorkerMetrics(metrics);
  const tracing = createTracing({ process: 'worker', ...config.tracing, logger });
  const watching = { logger, now: monotonicMs };
  const s3Watch = watchBucket(storage, s3, { ...watching, onChange: () => followPauses() });
  const redisSetup = watchRedisSetup(redis, watching);
  const pulse = createPulse({ isExpected: () => redis.status === 'ready' });
  let consuming: Consuming | undefined;
  const access = joinAccess(config, { store, provider, submissions, storage, now, logger, onChange: () => followPauses() });
  const { maxSubmissions, everyMs, graceMs } = config.reconcile;
  const recovery = joinRecovery({ store, storage, submissions, settlements, timing, maxSubmissions, now });
  const keptSettings = keepSettings({ ...spend, askS3EveryMs: SETTINGS_MS }, { store, archive: storage, logger, now: monotonicMs });
  addGauges(metrics, connections, { isS3Away: s3Watch.isAway, settings: keptSettings, tenants: settings.metricsTenants });
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
    { connection: redis, queue, timing, everyMs, graceMs },
    { store, storage, submissions, settlements, recovery, now, pulse, logger, metrics: workerMetrics },
  );
  const mayWrite = (): boolean => foreign === undefined;
  const sumsKeeper = joinSums(redis, redisConfig.prefix, { store, archive: storage, mayWrite, ...watching });
  const balance = watchBalance(metrics, createBalanceReader({ ...runware, ...connections.limits }, { now }), { now: monotonicMs });
  const life = tellLife(store);
  const ends = followEnds(store, submissions, logger);
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
        queue,
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
        ...defined({ tracing }),
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
        await stopWorker({
          connections,
          workers: workers(),
          sayFarewell: () => access.stop(),
          loops: [life, ends, balance, serverRunWatch, maintenance, sumsKeeper, history, s3Watch, redisSetup, clockWatch, pulse],
          last: () => [starting, tracing?.stop(), closeServer(server, AbortSignal.timeout(500))],
          hurry: hurry.signal,
        });
      })();
      return stopping;
    },
  };
}

/** The worker asks S3 this often for settings that an operator's process wrote to S3 but not to Redis, because it died in between. */
const SETTINGS_MS = 60_000;
