import { buildErasingStore, connectPatient, watchRedis } from '@darkroom/generation-store';
import { createErasingStorage } from '@darkroom/object-storage';
import {
  addConnectionGauge,
  atMost,
  createBackgroundProcess,
  createLogger,
  createMetrics,
  createPulse,
  watchDependency,
  type BackgroundService,
  type Logger,
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

export type Eraser = BackgroundService;

/** Longest wait of a stop for the round under way. Cut off anywhere it does no harm: the next start makes it again. */
const LAST_ROUND_MS = 2000;

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
  const pulse = createPulse({ isExpected: () => redis.status === 'ready' && !s3Watch.isAway() });
  const { stopping, repeat, service } = createBackgroundProcess({
    name: 'eraser',
    listen: config.listen,
    logger,
    metrics,
    pulse,
    standstill: 'redis and S3 answer, and the eraser has done nothing for minutes',
    ready: [{ name: 'redis', check: () => redisWatch.check() }, s3Watch.check],
    work: { check: 'eraser', lines: 'erasing', isReadyAtOnce: false },
    now,
  });

  /** @returns true if the next round has something to do at once. */
  async function round(): Promise<boolean> {
    await checkBelonging(belonging);
    const isLeft = await sweepErasures({
      store,
      storage,
      timing: config.timing,
      logger,
      signal: stopping,
      onErased,
    });
    const isUnderWay = !stopping.aborted && (await advanceBulk({ store, storage, logger }));
    const isAgeing = !stopping.aborted && (await byAge.advance());
    const deleted = await deleteLeftUploads(store, storage, stopping);
    counts.deleted.add({ folder: 'staging' }, deleted);
    if (deleted > 0) logger.debug({ event: 'uploads.deleted', deleted }, 'deleted uploads whose images are kept');
    return isLeft || isUnderWay || isAgeing;
  }

  return service({
    prepare: () => s3Watch.start(),
    // Every step may be repeated, so a round that fails is simply made again.
    run: () => repeat(async () => ((await round()) ? 0 : settings.everyMs), settings.everyMs),
    async end(running, hurry) {
      const cut = (): void => {
        redis.disconnect();
        storage.close();
      };
      hurry?.addEventListener('abort', cut, { once: true });
      if (hurry?.aborted === true) cut();
      await atMost(LAST_ROUND_MS, Promise.resolve(running));
      redisWatch.close();
      cut();
      return [s3Watch.stop()];
    },
  });
}
