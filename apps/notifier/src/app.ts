import { setTimeout as delay } from 'node:timers/promises';
import { resolveByServers, type Resolve } from '@darkroom/contracts';
import { buildNotificationStore, connectPatient, watchRedis } from '@darkroom/generation-store';
import { createEvents } from '@darkroom/producer';
import { createNotifications } from '@darkroom/queues';
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
  createRedisClock,
  explainShortly,
  retryUntilDone,
  watchClock,
  type Logger,
  type Service,
} from '@darkroom/service-runtime';
import { DRAIN_MS, type NotifierConfig } from './config.ts';
import { startConsuming } from './consume.ts';
import { fanOut } from './fan-out.ts';
import { fulfilResends } from './fulfil-resends.ts';
import { createNotifierMetrics } from './notifier-metrics.ts';
import { deliver } from './send/deliver.ts';
import { createGates } from './send/gates.ts';
import { createTellUnreadable } from './tell-unreadable.ts';

export { loadNotifierConfig, type NotifierConfig } from './config.ts';

export interface NotifierDependencies {
  logger: Logger;
  resolve: Resolve;
  random: () => number;
}

export interface Notifier extends Service {
  start(): Promise<void>;
  /** Returns the address of /livez, /readyz and /metrics. @throws Error before `start`. */
  url(): string;
}

/** Name of its group in the stream of events; Redis keeps the place of the group while no notifier runs. */
const GROUP = 'notifier';
const RESENDS_EVERY_MS = 1000;
/** Rest before the events are read again after an error of Redis that waiting may mend. */
const TROUBLE_MS = 2000;
const LAST_LOOPS_MS = 1000;

/** Builds a notifier, which sends events to the receivers of tenants. Several of them share the work. @param overrides For tests; production passes none. */
export function createNotifier(config: NotifierConfig, overrides: Partial<NotifierDependencies> = {}): Notifier {
  const { redis: redisConfig, keys, notifier: settings } = config;
  const { resolve = resolveByServers, random = Math.random } = overrides;
  const logger = overrides.logger ?? createLogger({ name: 'notifier', ...config.log, secrets: keys.map(({ secret }) => secret) });
  const now = (): number => performance.now();
  const redis = connectPatient(redisConfig.url, redisConfig.prefix);
  const redisWatch = watchRedis(redis, { ...redisConfig, process: 'notifier', log: logger });
  const clock = createRedisClock({ readTime: () => redis.time(), wallMs: () => Date.now(), monotonicMs: now });
  const clockWatch = watchClock({ clock, logger, consequence: 'it is not ready, and goes by redis time' });
  const store = buildNotificationStore(redisConfig, redis);
  const notifications = createNotifications(redis, { prefix: redisConfig.prefix, now: clock.now });
  const metrics = createMetrics({ process: 'notifier' });
  const counts = createNotifierMetrics(metrics, store, notifications, now);
  addConnectionGauge(metrics, { redis: () => redisWatch.state().kind === 'usable' });
  const pulse = createPulse({ isExpected: () => redis.status === 'ready' });
  const lines = createOutageLines({ name: 'events', about: {} }, logger, now);
  const [stopping, hurrying] = [new AbortController(), new AbortController()];
  const gates = createGates(settings.concurrency, now, random);
  const rules = { resolve, allowLoopback: settings.allowLoopback, timeoutMs: settings.timeoutMs };
  const { delaysMs, disableAfterMs } = settings;
  const tellUnreadable = createTellUnreadable(logger);
  const sending = { delaysMs, disableAfterMs, random, hurry: hurrying.signal, logger, metrics: counts, tellUnreadable };
  const parts = { store, keys, gates, rules, ...sending };
  const worker = startConsuming({
    connection: redis,
    prefix: redisConfig.prefix,
    concurrency: settings.concurrency,
    now: clock.now,
    run: (job) => deliver(parts, job),
    pulse,
    logger,
  });
  let trouble: unknown;
  let events: ReturnType<typeof createEvents> | undefined;
  let loops: Promise<unknown> | undefined;
  let stopped: Promise<void> | undefined;
  let address: string | undefined;

  const server = createHttpServer();
  void server.register(createMetricsRoutes(metrics));
  void server.register(
    createHealthRoutes({
      findStandstill: () => (pulse.isSilent() ? 'redis answers, and the notifier has done nothing for minutes' : undefined),
      ready: [
        { name: 'redis', check: () => redisWatch.check() },
        clockWatch.ready,
        {
          name: 'events',
          check: async () => {
            if (trouble !== undefined) throw trouble as Error; // of the last read
          },
        },
      ],
    }),
  );

  /** Reads events one after the other, and acknowledges each when its jobs are there. */
  async function readEvents(): Promise<void> {
    while (!stopping.signal.aborted) {
      const begunAt = now();
      try {
        events = createEvents({ redisUrl: redisConfig.url, prefix: redisConfig.prefix, group: GROUP, from: 'oldest' });
        for await (const event of events) {
          trouble = undefined;
          lines.noteThere();
          pulse.beat();
          if (event.event === 'events.gap')
            logger.error(
              { event: 'notifications.gap', until: event.until },
              'events are gone that no notifier has read; no receiver is told of them',
            );
          else
            await retryUntilDone('add notifications', () => fanOut(store, notifications, event, tellUnreadable), { signal: stopping.signal, logger, now });
          if (stopping.signal.aborted) return;
        }
      } catch (error) {
        if (stopping.signal.aborted) return;
        trouble = error;
        lines.noteAway(explainShortly(error), begunAt);
      } finally {
        await events?.close();
      }
      await delay(TROUBLE_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }

  async function readResends(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        const count = await fulfilResends({ store, notifications, tellUnreadable, signal: stopping.signal });
        if (count > 0) logger.info({ event: 'notifications.resent', count }, 'notifications are sent again');
      } catch (error) {
        if (!stopping.signal.aborted) logger.debug({ event: 'resends.failed', reason: explainShortly(error) }, 'could not read resends');
      }
      pulse.beat();
      await delay(RESENDS_EVERY_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }

  return {
    logger,
    url() {
      if (address === undefined) throw new Error('the notifier has no address before it is started');
      return address;
    },
    async start() {
      if (stopped !== undefined) return;
      address = await server.listen(config.listen);
      await Promise.all([pulse.start(), clockWatch.start()]);
      logger.info({ url: address }, 'notifier started');
      void worker
        .run()
        .catch((error: unknown) => logger.error({ event: 'notifier.ended', reason: explainShortly(error) }, 'fetching has ended'));
      loops = Promise.all([readEvents(), readResends()]);
    },
    stop(hurry) {
      stopped ??= (async () => {
        stopping.abort();
        let hurried = (): void => undefined;
        const isHurried = new Promise<void>((resolve) => (hurried = resolve));
        // Attempts that are cut off are put back first: another notifier makes them again at once.
        const cut = (): void => {
          hurrying.abort();
          setTimeout(hurried, LAST_LOOPS_MS / 2).unref();
        };
        hurry?.addEventListener('abort', cut, { once: true });
        if (hurry?.aborted === true) cut();
        await events?.close();
        // Attempts under way end by their own time limit.
        const drained = atMost(DRAIN_MS - 2 * LAST_LOOPS_MS, redis.status === 'ready' ? worker.close() : worker.close(true));
        await Promise.race([drained, isHurried]);
        hurrying.abort();
        redisWatch.close();
        redis.disconnect();
        await atMost(
          LAST_LOOPS_MS,
          Promise.allSettled([
            loops,
            clockWatch.stop(),
            pulse.stop(),
            notifications.close(),
            closeServer(server, AbortSignal.timeout(500)),
          ]),
        );
        logger.info({}, 'notifier stopped');
      })();
      return stopped;
    },
  };
}
