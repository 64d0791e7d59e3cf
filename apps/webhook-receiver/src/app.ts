import { buildGenerationStore, connectFailFast, watchRedis } from '@darkroom/generation-store';
import { createSettlements } from '@darkroom/queues';
import {
  addConnectionGauge,
  closeServer,
  createLogger,
  createMetrics,
  createMetricsRoutes,
  createRedisClock,
  createTracing,
  watchClock,
  type Logger,
  type ReadinessCheck,
  type Service,
} from '@darkroom/service-runtime';
import type { ReceiverConfig } from './config.ts';
import { createCounts, type Counts } from './counts.ts';
import type { DeliveryInbox, Wake } from './ports.ts';
import { createReceiverMetrics } from './receiver-metrics.ts';
import { buildServer, WEBHOOK_PATH } from './server.ts';
import { createWakeLimit } from './wake-limit.ts';
import { within } from './within.ts';

export type { Counts } from './counts.ts';
export { loadReceiverConfig, type ReceiverConfig } from './config.ts';
export type { DeliveryInbox, DeliveryReceipt, Wake } from './ports.ts';

/**
 * Longest wait for the store, in milliseconds. Below one second: the provider gets a 503 and tries again before its own limit of 5 s
 * (Runware skills).
 */
const STORE_LIMIT_MS = 900;

export interface ReceiverDependencies {
  /** Stores that keep deliveries and wake settlements. Default: Redis. */
  stores: Stores;
  logger: Logger;
  /** Milliseconds since 1970; by default that of the stores. */
  now: () => number;
  counts: Counts;
  /** Longest time for a request to arrive, in milliseconds. Defaults to 10 000. */
  requestLimitMs: number;
}

export interface Stores {
  readonly inbox: DeliveryInbox;
  readonly settlements: Wake;
  /** Reads the last sign of life of a worker, in milliseconds since 1970; 0 without one. */
  readonly readWorkerSeen?: () => Promise<number>;
  /** Returns true while Redis can be used. */
  readonly isRedisUsable?: () => boolean;
  readonly ready: readonly ReadinessCheck[];
  /** Milliseconds since 1970, by which the expiry of capabilities is checked; by default the clock of this process. */
  readonly now?: () => number;
  /** Resolves when the stores are usable, or soon if they are away. */
  open(): Promise<void>;
  close(): Promise<void>;
}

export interface WebhookReceiver extends Service {
  start(): Promise<void>;
  /** Returns the address that it listens on, without a slash at the end. @throws Error before `start`. */
  url(): string;
  readonly counts: Counts;
}

/** Builds a receiver: it keeps each delivery and wakes the settlement that waits for it. @param overrides For tests; production passes none. */
export function createWebhookReceiver(config: ReceiverConfig, overrides: Partial<ReceiverDependencies> = {}): WebhookReceiver {
  const { counts = createCounts(), requestLimitMs } = overrides;
  const secrets = config.keys.map(({ secret }) => secret);
  const logger = overrides.logger ?? createLogger({ name: 'webhook-receiver', ...config.log, secrets });
  const stores = overrides.stores ?? openRedis(config, logger);
  const now = overrides.now ?? stores.now ?? (() => Date.now());
  const tracing = createTracing({ process: 'webhook-receiver', ...config.tracing, logger });
  const server = buildServer(
    { keys: config.keys, requestLimitMs },
    {
      inbox: stores.inbox,
      settlements: stores.settlements,
      wakeLimit: createWakeLimit(now),
      ready: stores.ready,
      counts,
      logger,
      now,
      storeLimitMs: STORE_LIMIT_MS,
      ...(tracing !== undefined && { tracing }),
    },
  );
  const metrics = createMetrics({ process: 'webhook-receiver' });
  const { webhookRequest } = createReceiverMetrics(metrics, counts, stores.readWorkerSeen);
  if (stores.isRedisUsable !== undefined) addConnectionGauge(metrics, { redis: stores.isRedisUsable });
  void server.register(createMetricsRoutes(metrics));
  server.addHook('onResponse', async (request, reply) => {
    if (request.routeOptions.url === WEBHOOK_PATH) webhookRequest.observe({ status: String(reply.statusCode) }, reply.elapsedTime / 1000);
  });
  let address: string | undefined;
  let stopping: Promise<void> | undefined;

  return {
    logger,
    counts,
    url() {
      if (address === undefined) throw new Error('the receiver has no address before it is started');
      return address;
    },
    async start() {
      if (stopping !== undefined) return;
      address = await server.listen(config.listen);
      await stores.open();
      logger.info({ url: address }, 'receiver started');
    },
    stop(hurry) {
      stopping ??= (async () => {
        await closeServer(server, hurry);
        await tracing?.stop();
        await stores.close();
        logger.info({ counts: counts.all() }, 'receiver stopped');
      })();
      return stopping;
    },
  };
}

/** Longest wait of a start for Redis; the port is open meanwhile. Whenever Redis is away, deliveries get a 503. */
const OPEN_LIMIT_MS = 2000;

/** Longest wait for BullMQ to close the queue, which waits for an answer of Redis. */
const CLOSE_LIMIT_MS = 1000;

function openRedis({ redis: { url, prefix } }: ReceiverConfig, log: Logger): Stores {
  const redis = connectFailFast(url, prefix);
  const watch = watchRedis(redis, { url, prefix, process: 'receiver', log });
  const clock = createRedisClock({ readTime: () => redis.time(), wallMs: () => Date.now(), monotonicMs: () => performance.now() });
  const clockWatch = watchClock({ clock, logger: log, consequence: 'it is not ready, and goes by redis time' });
  // The receiver only keeps deliveries: retention is for enqueueing, the poll rate for polling.
  const unused = { retention: { recordSeconds: 0, idempotencySeconds: 0 }, pollRate: { perSecond: 0, burst: 0 } };
  const settlements = createSettlements(redis, { prefix, failFast: true, now: clock.now });
  const store = buildGenerationStore({ prefix, ...unused }, redis);
  return {
    inbox: store,
    readWorkerSeen: store.readWorkerSeen,
    isRedisUsable: () => watch.state().kind === 'usable',
    settlements,
    now: clock.now,
    ready: [{ name: 'redis', check: () => watch.check() }, clockWatch.ready],
    async open() {
      await within(OPEN_LIMIT_MS, 'reach redis', watch.untilUsable()).catch(() => undefined);
      await clockWatch.start();
    },
    async close() {
      watch.close();
      await clockWatch.stop();
      await within(CLOSE_LIMIT_MS, 'close the queue', settlements.close()).catch(() => undefined);
      redis.disconnect();
    },
  };
}
