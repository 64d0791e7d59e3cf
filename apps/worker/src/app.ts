import type { Timing } from '@darkroom/contracts';
import { buildGenerationStore, connectPatient, defaultRetention, watchRedis, type GenerationStore } from '@darkroom/generation-store';
import { createObjectStorage, type ObjectStorage } from '@darkroom/object-storage';
import { createSettlements, createSubmissions } from '@darkroom/queues';
import { createRunwareClient, defaultImageHosts, type RunwareClient } from '@darkroom/runware-client';
import {
  createHealthRoutes,
  createLogger,
  createMetrics,
  createMetricsRoutes,
  isLoopbackUrl,
  type ProcessLogger,
  type Service,
} from '@darkroom/service-runtime';
import { fastify } from 'fastify';
import { checkWebhookAddress } from './check-webhook-address.ts';
import { MAX_IMAGE_BYTES, type WorkerConfig } from './config.ts';
import { startConsuming } from './consume.ts';
import { joinPurchase } from './join-purchase.ts';
import { joinRecovery } from './join-recovery.ts';
import { maintain } from './maintain.ts';
import { addQueueGauges } from './metrics/queue-gauges.ts';
import { createWorkerMetrics } from './metrics/worker-metrics.ts';
import { openStore } from './open-store.ts';
import { watchAccount } from './watch-account.ts';
import { watchServerRun } from './watch-server-run.ts';

/** A worker that took no job for so long although it is connected is not alive (it takes one at least at each poll). */
const MAX_SILENCE_MS = 10 * 60_000;

export interface WorkerDependencies {
  storage: ObjectStorage;
  provider: RunwareClient;
  logger: ProcessLogger;
  now: () => number;
}

export interface WorkerApp extends Service {
  start(): Promise<void>;
  /** Where /livez, /readyz and /metrics are; known after `start`. */
  healthUrl(): string | undefined;
}

/** Builds a worker: it buys what is queued and brings it home. @param overrides For tests; production passes none. */
export function createWorkerApp(config: WorkerConfig, overrides: Partial<WorkerDependencies> = {}): WorkerApp {
  const { redis: redisConfig, s3, runware, webhook, spend, timing, worker: settings } = config;
  const { now = Date.now } = overrides;
  const logger = overrides.logger ?? createLogger({ name: 'worker', ...config.log, secrets: secretsOf(config) });
  const storage =
    overrides.storage ?? createObjectStorage({ ...s3, requestTimeoutMs: timing.requestTimeoutMs, maxImageBytes: MAX_IMAGE_BYTES }, { now });
  const provider =
    overrides.provider ??
    createRunwareClient(
      { ...runware, requestTimeoutMs: timing.requestTimeoutMs, maxImageBytes: MAX_IMAGE_BYTES, imageHosts: imageHostsOf(config) },
      { now },
    );

  const redis = connectPatient(redisConfig.url);
  const redisWatch = watchRedis(redis, { ...redisConfig, log: logger });
  const queueSettings = { prefix: redisConfig.prefix };
  const store: GenerationStore = buildGenerationStore(
    {
      prefix: redisConfig.prefix,
      retention: defaultRetention,
      pollRate: { perSecond: settings.pollsPerSecond, burst: settings.pollsPerSecond * 2 },
    },
    redis,
  );
  const submissions = createSubmissions(redis, queueSettings);
  const settlements = createSettlements(redis, queueSettings);
  const metrics = createMetrics({ process: 'worker' });
  const workerMetrics = createWorkerMetrics(metrics);
  addQueueGauges(metrics, { connection: redis, submissions, settlements, store, now });
  const hurry = new AbortController();
  const stopped = new AbortController();
  const accountWatch = watchAccount({ everyMs: timing.maxTroubleMs }, { store, provider, submissions, logger });
  const { maxSubmissions, everyMs, graceMs } = config.reconcile;
  const recovery = joinRecovery({ store, storage, submissions, settlements, timing, maxSubmissions, now });
  const assertSettings = () => store.setCaps(spend.caps);
  const serverRunWatch = watchServerRun(
    { everyMs: Math.max(1000, timing.maxTroubleMs / 12), turnMs: Math.max(2000, timing.maxTroubleMs / 6) },
    { redis, store, recovery, submissions, openStore: () => openStore(store, storage, logger), assertSettings, logger },
  );
  const maintenance = maintain(
    { connection: redis, queue: queueSettings, timing, everyMs, graceMs },
    { store, storage, submissions, settlements, recovery, now, logger, metrics: workerMetrics },
  );
  let consuming: ReturnType<typeof startConsuming> | undefined;
  let stopping: Promise<void> | undefined;
  let healthUrl: string | undefined;

  const server = fastify({ logger: false });
  void server.register(createMetricsRoutes(metrics));
  void server.register(
    createHealthRoutes({
      isLive: () =>
        redis.status !== 'ready' ||
        performance.now() - (consuming?.lastProgressAt() ?? performance.now()) < Math.max(MAX_SILENCE_MS, 3 * timing.maxPollMs),
      ready: [
        { name: 'redis', check: () => redisWatch.check() },
        {
          name: 'store',
          check: async () => {
            const { isOpen, isRecovering } = await store.readServerRun();
            if (!isOpen) throw new Error('redis holds no epoch');
            if (isRecovering) throw new Error('redis restarted, and was not compared with S3 yet');
          },
        },
        { name: 's3', check: () => storage.checkAccess(), limitMs: 3000 },
      ],
    }),
  );

  return {
    healthUrl: () => healthUrl,
    async start() {
      if (stopping !== undefined) return;
      await storage.checkAccess();
      await warnOfShortCredentials(storage, timing, now(), logger);
      await assertSettings();
      await openStore(store, storage, logger);
      await serverRunWatch.start?.();
      const purchase = joinPurchase({
        store,
        storage,
        provider,
        submissions,
        settlements,
        webhook,
        timing,
        maxSubmissions,
        askForUpload: settings.askForUpload,
        now,
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
          logger,
          metrics: workerMetrics,
        },
      );
      await accountWatch.start?.();
      await maintenance.start?.();
      healthUrl = await server.listen({ host: config.listen.host, port: config.listen.port });
      logger.info(
        {
          health: healthUrl,
          webhook: webhook?.baseUrl ?? 'none: results are polled for',
          uploads: settings.askForUpload ? 's3' : 'none: images are fetched from imageURL',
          submitConcurrency: settings.submitConcurrency,
          settleConcurrency: settings.settleConcurrency,
        },
        'worker started',
      );
      if (webhook !== undefined) void checkWebhookAddress(webhook, logger, stopped.signal);
    },
    stop(signal) {
      stopping ??= (async () => {
        stopped.abort();
        signal?.addEventListener('abort', () => hurry.abort(), { once: true });
        if (signal?.aborted === true) hurry.abort();
        await orHurried(Promise.all([server.close(), accountWatch.stop(), serverRunWatch.stop()]), signal);
        // With Redis away `close` never ends (BullMQ 6.7): once it has to hurry, the jobs are left to the stalled check.
        await orHurried(Promise.all([...(consuming?.workers ?? []).map((worker) => worker.close()), maintenance.stop()]), signal);
        await orHurried(Promise.all([submissions.close(), settlements.close()]), signal);
        redisWatch.close();
        redis.disconnect();
        storage.close();
      })();
      return stopping;
    },
  };
}

/** Runs that were told to hurry get this long to write down what they know. */
const HURRY_GRACE_MS = 1500;

async function orHurried(work: Promise<unknown>, hurry: AbortSignal | undefined): Promise<void> {
  if (hurry === undefined) return void (await work);
  let timer: NodeJS.Timeout | undefined;
  const hurried = new Promise<void>((resolve) => {
    const give = (): void => void (timer = setTimeout(resolve, HURRY_GRACE_MS));
    if (hurry.aborted) give();
    else hurry.addEventListener('abort', give, { once: true });
  });
  await Promise.race([work, hurried]);
  clearTimeout(timer);
}

const secretsOf = ({ runware, s3, webhook }: WorkerConfig): string[] =>
  [
    runware.apiKey,
    'credentials' in s3 ? s3.credentials?.secretAccessKey : undefined,
    ...(webhook?.keys ?? []).map(({ secret }) => secret),
  ].filter((secret) => secret !== undefined);

/** An emulator on this machine serves its images itself. */
function imageHostsOf({ runware, worker }: WorkerConfig): string[] {
  return [...(worker.imageHosts ?? defaultImageHosts), ...(isLoopbackUrl(runware.url) ? [new URL(runware.url).host] : [])];
}

/** With credentials that end before a settlement may, late uploads are refused by S3, and images are fetched from the provider. */
async function warnOfShortCredentials(
  storage: ObjectStorage,
  { capabilityTtlMs }: Timing,
  now: number,
  logger: ProcessLogger,
): Promise<void> {
  const expiresAt = await storage.credentialsExpireAt();
  if (expiresAt === undefined || expiresAt >= now + capabilityTtlMs) return;
  logger.warn(
    { expiresAt: new Date(expiresAt).toISOString(), wantedMs: capabilityTtlMs },
    'the credentials for S3 are temporary: an upload URL ends with them, and an upload that comes later is refused',
  );
}
