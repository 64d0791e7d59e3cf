import { defined, type Models } from '@darkroom/contracts';
import {
  buildEventTail,
  buildGenerationStore,
  connectFailFast,
  connectPatient,
  createIdleLook,
  defaultRetention,
  waitForEvents,
  watchRedis,
} from '@darkroom/generation-store';
import { createImages } from '@darkroom/producer/images';
import { createSharedProducers } from '@darkroom/producer/shared';
import {
  addConnectionGauge,
  closeServer,
  createLogger,
  createMetrics,
  createMetricsRoutes,
  readVersion,
  type Logger,
  type Service,
} from '@darkroom/service-runtime';
import type { FastifyInstance } from 'fastify';
import type { ApiConfig } from './config.ts';
import { createKeyWatch } from './keys/watch-keys.ts';
import { createApiMetrics } from './metrics.ts';
import { routes } from './routes/table.ts';
import { buildServer } from './server.ts';
import { createEventFeed } from './streams/event-feed.ts';
import { createStreams } from './streams/streams.ts';

export { loadApiConfig, type ApiConfig } from './config.ts';

export interface ApiDependencies {
  logger: Logger;
  /** Models whose requests the API takes. */
  models: Models;
}

export interface Api extends Service {
  start(): Promise<void>;
  /** Returns the address that it listens on, without a slash at the end. @throws Error before `start`. */
  url(): string;
}

/** Builds the HTTP door of Darkroom. @param overrides For tests; production passes none. */
export function createApi(config: ApiConfig, overrides: Partial<ApiDependencies> = {}): Api {
  const { redis: redisConfig, s3, api: settings, notificationKeys } = config;
  const { url: redisUrl, prefix } = redisConfig;
  const secrets = [
    ...(s3.credentials === undefined ? [] : [s3.credentials.secretAccessKey]),
    ...(notificationKeys ?? []).map(({ secret }) => secret),
  ];
  const logger = overrides.logger ?? createLogger({ name: 'api', ...config.log, secrets });
  const redis = connectFailFast(redisUrl, prefix);
  const watch = watchRedis(redis, { ...redisConfig, process: 'api', log: logger });
  // It reads the keys alone: what enqueues is the library.
  const store = buildGenerationStore({ prefix, retention: defaultRetention, pollRate: { perSecond: 1, burst: 1 } }, redis);
  const listening = connectPatient(redisUrl, prefix);
  const lookWhileIdle = createIdleLook(listening, prefix);
  const { allowLoopbackWebhooks } = settings;
  const producers = createSharedProducers({ redisUrl, prefix, allowLoopbackWebhooks, ...defined({ notificationKeys }) }, overrides.models);
  const images = createImages(s3);
  const feed = createEventFeed({
    tail: buildEventTail(redis, prefix),
    async wait(place, blockMs, count) {
      const events = await waitForEvents(listening, prefix, place, blockMs, count);
      if (events.length === 0) await lookWhileIdle();
      return events;
    },
    logger,
  });
  const keyWatch = createKeyWatch(store);
  const streams = createStreams({ all: settings.maxStreams, tenant: settings.maxStreamsOfTenant }, keyWatch);
  const stopping = new AbortController();
  const metrics = createMetrics({ process: 'api' });
  addConnectionGauge(metrics, { redis: () => watch.state().kind === 'usable' });
  const apiMetrics = createApiMetrics(metrics, routes, () => streams.count());
  let server: FastifyInstance | undefined;
  let address: string | undefined;
  let stopped: Promise<void> | undefined;

  return {
    logger,
    url() {
      if (address === undefined) throw new Error('the API has no address before it is started');
      return address;
    },
    async start() {
      if (stopped !== undefined) return;
      await feed.start?.();
      server = await buildServer(routes, {
        producers,
        images,
        feed,
        streams,
        readTime: () => store.readTime(),
        store,
        redis,
        prefix,
        requestsPerMinute: settings.requestsPerMinute,
        stopping: stopping.signal,
        ready: [{ name: 'redis', check: () => watch.check() }],
        metrics: apiMetrics,
        logger,
        version: readVersion(),
        models: overrides.models,
      });
      await server.register(createMetricsRoutes(metrics));
      address = await server.listen(config.listen);
      logger.info({ url: address }, 'api started');
    },
    stop(hurry) {
      stopped ??= (async () => {
        // Streams and waits end, and their callers come back to another process.
        stopping.abort(new Error('the API is stopping'));
        if (server !== undefined) await closeServer(server, hurry);
        keyWatch.stop();
        listening.disconnect();
        await feed.stop();
        await producers.close();
        images.close();
        watch.close();
        redis.disconnect();
        logger.info({}, 'api stopped');
      })();
      return stopped;
    },
  };
}
