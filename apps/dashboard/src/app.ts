import { defined } from '@darkroom/contracts';
import {
  buildGenerationStore,
  connectFailFast,
  defaultRetention,
  hasNewerFormat,
  readRedisState,
  watchRedis,
} from '@darkroom/generation-store';
import { createProducer } from '@darkroom/producer';
import { createImages } from '@darkroom/producer/images';
import { createJobCounts, createSubmissions } from '@darkroom/queues';
import {
  addConnectionGauge,
  atMost,
  closeServer,
  createLogger,
  createMetrics,
  createRedisClock,
  readVersion,
  watchClock,
  type Logger,
  type Service,
} from '@darkroom/service-runtime';
import { openQueues } from './board/board-queues.ts';
import { createBoard } from './board/create-board.ts';
import type { DashboardConfig } from './config.ts';
import { addDashboardMetrics } from './dashboard-metrics.ts';
import { createManyRunner } from './pages/many/many-runner.ts';
import { addPages } from './pages/page-routes.ts';
import { createPictures } from './pages/pictures/create-pictures.ts';
import { buildServer } from './server.ts';

export { actionRoutes, readingRoutes } from './board/allowed-routes.ts';
export { loadDashboardConfig, type DashboardConfig } from './config.ts';

export interface DashboardDependencies {
  logger: Logger;
  /** A monotonic clock, in milliseconds. */
  now: () => number;
  onRoute: (method: string, route: string) => void;
  /** Longest time for a request to arrive, in milliseconds. */
  requestLimitMs: number;
}

export interface Dashboard extends Service {
  start(): Promise<void>;
  /** Returns the address that it listens on, without a slash at the end. @throws Error before `start`. */
  url(): string;
}

/** Longest wait of a start for Redis; the port is open meanwhile. */
const OPEN_LIMIT_MS = 2000;

/** Longest wait for BullMQ to close the queues, which waits for an answer of Redis. */
const CLOSE_LIMIT_MS = 1000;

/** Builds a dashboard that shows the queues to users with the password. @param overrides For tests; production passes none. */
export function createDashboard(config: DashboardConfig, overrides: Partial<DashboardDependencies> = {}): Dashboard {
  const { access, listen, redis: redisConfig } = config;
  const { now = () => performance.now(), onRoute, requestLimitMs } = overrides;
  const secrets = [access.password, access.look?.password, config.pictures?.credentials?.secretAccessKey].filter(
    (secret) => secret !== undefined,
  );
  const logger = overrides.logger ?? createLogger({ name: 'dashboard', ...config.log, secrets });
  const redis = connectFailFast(redisConfig.url, redisConfig.prefix);
  const watch = watchRedis(redis, { ...redisConfig, process: 'dashboard', log: logger });
  const clock = createRedisClock({ readTime: () => redis.time(), wallMs: () => Date.now(), monotonicMs: () => performance.now() });
  const clockWatch = watchClock({ clock, logger, consequence: 'it is not ready' });
  const queues = openQueues(redis, redisConfig.prefix);
  const { prefix } = redisConfig;
  // It reads; what it changes goes through the library, by the rules for every caller.
  const store = buildGenerationStore({ prefix, retention: defaultRetention, pollRate: { perSecond: 1, burst: 1 } }, redis);
  const producer = createProducer({ redisUrl: redisConfig.url, prefix });
  const images = config.pictures === undefined ? undefined : createImages(config.pictures);
  const runner = createManyRunner({ producer, store, logger });
  const submissions = createSubmissions(redis, { prefix, failFast: true });
  const jobCounts = createJobCounts(queues, now);
  const metrics = createMetrics({ process: 'dashboard' });
  addDashboardMetrics(metrics, queues);
  addConnectionGauge(metrics, { redis: () => watch.state().kind === 'usable' });
  const server = buildServer({
    access,
    store,
    board: createBoard({
      queues,
      path: config.path,
      logger,
      producer,
      store,
      readRedisInfo: () => redis.info(),
      showPrompts: config.pages.showPrompts,
    }),
    addPages: (added) =>
      addPages(added, {
        producer,
        store,
        readJobs: () => jobCounts.read(),
        examine: () => readRedisState(redis),
        skewMs: () => clock.skewMs() ?? 0,
        now,
        version: readVersion(),
        runner,
        connection: () => watch.state(),
        wakeAll: () => submissions.endRest(),
        pictures: images && createPictures(images),
        showPrompts: config.pages.showPrompts,
        path: config.path,
        logger,
      }),
    path: config.path,
    metrics,
    ready: [{ name: 'redis', check: () => watch.check() }, clockWatch.ready],
    isOutdated: () => hasNewerFormat(watch.state()),
    logger,
    now,
    requestLimitMs,
    ...defined({ onRoute }),
  });
  let address: string | undefined;
  let stopping: Promise<void> | undefined;

  return {
    logger,
    url() {
      if (address === undefined) throw new Error('the dashboard has no address before it is started');
      return address;
    },
    async start() {
      if (stopping !== undefined) return;
      address = await server.listen(listen);
      // Redis may go away at any time: the board reports it.
      await atMost(
        OPEN_LIMIT_MS,
        watch.untilUsable().catch(() => undefined),
      );
      await clockWatch.start();
      runner.start();
      const login = access.password === undefined ? 'none: open to every user of this machine' : `password of "${access.user}"`;
      logger.info({ url: address, login }, 'dashboard started');
    },
    stop(hurry) {
      stopping ??= (async () => {
        await closeServer(server, hurry);
        await atMost(CLOSE_LIMIT_MS, runner.stop());
        watch.close();
        await clockWatch.stop();
        await atMost(CLOSE_LIMIT_MS, Promise.allSettled([submissions.close(), ...queues.map((queue) => queue.close())]));
        await producer.close();
        images?.close();
        redis.disconnect();
        logger.info({}, 'dashboard stopped');
      })();
      return stopping;
    },
  };
}
