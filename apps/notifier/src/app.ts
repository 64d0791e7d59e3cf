import { setTimeout as delay } from 'node:timers/promises';
import { resolveByServers, type Resolve } from '@darkroom/contracts';
import { buildNotificationStore, connectPatient, watchRedis } from '@darkroom/generation-store';
import { createEvents } from '@darkroom/producer';
import { createNotifications } from '@darkroom/queues';
import {
  addConnectionGauge,
  atMost,
  createBackgroundProcess,
  createLogger,
  createMetrics,
  createPulse,
  createRedisClock,
  explainShortly,
  LAST_LOOPS_MS,
  retryUntilDone,
  watchClock,
  type BackgroundService,
  type Logger,
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

export type Notifier = BackgroundService;

/** Name of its group in the stream of events; Redis keeps the place of the group while no notifier runs. */
const GROUP = 'notifier';
const RESENDS_EVERY_MS = 1000;
/** Rest before the events are read again after an error of Redis that waiting may mend. */
const TROUBLE_MS = 2000;

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
  const hurrying = new AbortController();
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
  let events: ReturnType<typeof createEvents> | undefined;
  const { stopping, noteDone, repeat, service } = createBackgroundProcess({
    name: 'notifier',
    listen: config.listen,
    logger,
    metrics,
    pulse,
    standstill: 'redis answers, and the notifier has done nothing for minutes',
    ready: [{ name: 'redis', check: () => redisWatch.check() }, clockWatch.ready],
    work: { check: 'events', lines: 'events', isReadyAtOnce: true },
    now,
  });

  /** Reads events one after the other, and acknowledges each when its jobs are there. @returns the rest before they are read again. */
  async function readEvents(): Promise<number> {
    try {
      events = createEvents({ redisUrl: redisConfig.url, prefix: redisConfig.prefix, group: GROUP, from: 'oldest' });
      for await (const event of events) {
        noteDone();
        if (event.event === 'events.gap')
          logger.error(
            { event: 'notifications.gap', until: event.until },
            'events are gone that no notifier has read; no receiver is told of them',
          );
        else
          await retryUntilDone('add notifications', () => fanOut(store, notifications, event, tellUnreadable), {
            signal: stopping,
            logger,
            now,
          });
        if (stopping.aborted) break;
      }
      return TROUBLE_MS;
    } finally {
      await events?.close();
    }
  }

  async function readResends(): Promise<void> {
    while (!stopping.aborted) {
      try {
        const count = await fulfilResends({ store, notifications, tellUnreadable, signal: stopping });
        if (count > 0) logger.info({ event: 'notifications.resent', count }, 'notifications are sent again');
      } catch (error) {
        if (!stopping.aborted) logger.debug({ event: 'resends.failed', reason: explainShortly(error) }, 'could not read resends');
      }
      pulse.beat();
      await delay(RESENDS_EVERY_MS, undefined, { signal: stopping }).catch(() => undefined);
    }
  }

  return service({
    prepare: () => clockWatch.start(),
    run() {
      void worker
        .run()
        .catch((error: unknown) => logger.error({ event: 'notifier.ended', reason: explainShortly(error) }, 'fetching has ended'));
      return Promise.all([repeat(readEvents, TROUBLE_MS), readResends()]);
    },
    async end(_running, hurry) {
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
      return [clockWatch.stop(), notifications.close()];
    },
  });
}
