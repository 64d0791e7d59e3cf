import { setTimeout as delay } from 'node:timers/promises';
import { buildErasingStore, connectPatient, watchRedis } from '@darkroom/generation-store';
import { createErasingStorage } from '@darkroom/object-storage';
import {
  addConnectionGauge,
  atMost,
  closeServer,
  createHealthRoutes,
  createHttpServer,
  createLogger,
  createMetrics,
  createMetricsRoutes,
  createOutageLines,
  createPulse,
  explainShortly,
  watchDependency,
  type Logger,
  type Service,
} from '@darkroom/service-runtime';
import { advanceBulk } from './advance-bulk.ts';
import { checkBelonging } from './check-belonging.ts';
import { REQUEST_TIMEOUT_MS, type EraserConfig } from './config.ts';
import { deleteLeftUploads } from './delete-left-uploads.ts';
import { createErasingByAge } from './erase-by-age.ts';
import { createEraserMetrics } from './eraser-metrics.ts';
import { sweepErasures } from './sweep-erasures.ts';

export { loadEraserConfig, type EraserConfig } from './config.ts';

export interface EraserDependencies {
  logger: Logger;
}

export interface Eraser extends Service {
  start(): Promise<void>;
  /** Returns the address of /livez, /readyz and /metrics. @throws Error before `start`. */
  url(): string;
}

/** Longest wait of a stop for the round under way. Cut off anywhere it does no harm: the next start makes it again. */
const LAST_ROUND_MS = 2000;
/** Longest wait of a stop for everything else, once the connections are closed. */
const LAST_LOOPS_MS = 1000;

/** Builds an eraser, the one process that deletes objects. Several of them do no harm. @param overrides For tests; production passes none. */
export function createEraser(config: EraserConfig, overrides: Partial<EraserDependencies> = {}): Eraser {
  const { redis: redisConfig, s3, eraser: settings } = config;
  const secrets = s3.credentials === undefined ? [] : [s3.credentials.secretAccessKey];
  const logger = overrides.logger ?? createLogger({ name: 'eraser', ...config.log, secrets });
  const now = (): number => performance.now();
  const redis = connectPatient(redisConfig.url, redisConfig.prefix);
  const redisWatch = watchRedis(redis, { ...redisConfig, process: 'eraser', log: logger });
  const store = buildErasingStore(redisConfig, redis);
  const storage = createErasingStorage({ ...s3, requestTimeoutMs: REQUEST_TIMEOUT_MS });
  const about = { bucket: s3.bucket, endpoint: s3.endpoint ?? 'AWS' };
  const s3Watch = watchDependency({ name: 's3', about, look: () => storage.checkAccess() }, { logger, now });
  const belonging = { store, storage, prefix: redisConfig.prefix, darkroomId: config.darkroom.id };
  const metrics = createMetrics({ process: 'eraser' });
  const counts = createEraserMetrics(metrics, store);
  addConnectionGauge(metrics, { redis: () => redisWatch.state().kind === 'usable', s3: () => !s3Watch.isAway() });
  const onErased = (images: number): void => counts.deleted.add({ folder: 'images' }, images);
  const byAge = createErasingByAge({ store, storage, kept: settings.kept, logger, onErased, elapsed: now });
  const lines = createOutageLines({ name: 'erasing', about: {} }, logger, now);
  const pulse = createPulse({ isExpected: () => redis.status === 'ready' && !s3Watch.isAway() });
  const stopping = new AbortController();
  let trouble: unknown = new Error('starting');
  let erasing: Promise<void> | undefined;
  let stopped: Promise<void> | undefined;
  let address: string | undefined;

  const server = createHttpServer();
  void server.register(createMetricsRoutes(metrics));
  void server.register(
    createHealthRoutes({
      findStandstill: () => (pulse.isSilent() ? 'redis and S3 answer, and the eraser has done nothing for minutes' : undefined),
      ready: [
        { name: 'redis', check: () => redisWatch.check() },
        s3Watch.check,
        {
          name: 'eraser',
          check: async () => {
            if (trouble !== undefined) throw trouble as Error; // of the last round
          },
        },
      ],
    }),
  );

  /** @returns true if the next round has something to do at once. */
  async function round(): Promise<boolean> {
    await checkBelonging(belonging);
    const isLeft = await sweepErasures({
      store,
      storage,
      timing: config.timing,
      logger,
      signal: stopping.signal,
      onErased,
    });
    const isUnderWay = !stopping.signal.aborted && (await advanceBulk({ store, storage, logger }));
    const isAgeing = !stopping.signal.aborted && (await byAge.advance());
    const deleted = await deleteLeftUploads(store, storage, stopping.signal);
    counts.deleted.add({ folder: 'staging' }, deleted);
    if (deleted > 0) logger.debug({ event: 'uploads.deleted', deleted }, 'deleted uploads whose images are kept');
    return isLeft || isUnderWay || isAgeing;
  }

  /** Makes one round after another. Every step may be repeated, so a round that fails is simply made again. */
  async function erase(): Promise<void> {
    while (!stopping.signal.aborted) {
      const begunAt = now();
      let isBusy = false;
      try {
        isBusy = await round();
        trouble = undefined;
        lines.noteThere();
      } catch (error) {
        if (stopping.signal.aborted) return;
        trouble = error;
        lines.noteAway(explainShortly(error), begunAt);
      }
      pulse.beat();
      if (!isBusy) await delay(settings.everyMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }

  return {
    logger,
    url() {
      if (address === undefined) throw new Error('the eraser has no address before it is started');
      return address;
    },
    async start() {
      if (stopped !== undefined) return;
      address = await server.listen(config.listen);
      await Promise.all([s3Watch.start(), pulse.start()]);
      logger.info({ url: address }, 'eraser started');
      erasing = erase();
    },
    stop(hurry) {
      stopped ??= (async () => {
        stopping.abort();
        const cut = (): void => {
          redis.disconnect();
          storage.close();
        };
        hurry?.addEventListener('abort', cut, { once: true });
        if (hurry?.aborted === true) cut();
        await atMost(LAST_ROUND_MS, Promise.resolve(erasing));
        redisWatch.close();
        cut();
        await atMost(
          LAST_LOOPS_MS,
          Promise.allSettled([erasing, s3Watch.stop(), pulse.stop(), closeServer(server, AbortSignal.timeout(500))]),
        );
        logger.info({}, 'eraser stopped');
      })();
      return stopped;
    },
  };
}
