import { defined, knownModels, resolveByServers, type Models, type NotificationKeys } from '@darkroom/contracts';
import { buildNotificationStore } from '@darkroom/generation-store';
import { openParts } from './create-producer.ts';
import { buildProducer } from './build-producer.ts';
import type { ProducerOptions } from './options.ts';
import type { Producer } from './producer.ts';
import { buildWebhookEndpoints } from './webhook-endpoints/build-webhook-endpoints.ts';
import type { WebhookEndpoints } from './webhook-endpoints/webhook-endpoints.ts';

/** Producers of many tenants on one pair of connections to Redis. For a process that serves them all, such as the HTTP API. */
export interface SharedProducers {
  /** Returns the producer that is bound to a tenant. Its `close` does nothing. */
  of(tenant: string): Producer;
  /** Returns the webhook endpoints and notifications of a tenant. Their `close` does nothing. */
  endpointsOf(tenant: string): WebhookEndpoints;
  /** Disconnects from Redis. Refuses waiting and later calls of every producer with QueueUnavailableError. */
  close(): Promise<void>;
}

/** Options of `createSharedProducers`. */
export interface SharedProducersOptions extends Omit<ProducerOptions, 'tenant'> {
  /** Master keys of the notifier: with them the secrets of endpoints can be told. */
  notificationKeys?: NotificationKeys;
}

/**
 * Connects to Redis at once, as `createProducer` does.
 * @param models The models whose requests they take; those of this version if left out.
 * @throws ConfigError with all problems of the options at once.
 */
export function createSharedProducers(
  { notificationKeys, ...options }: SharedProducersOptions,
  models: Models = knownModels,
): SharedProducers {
  const { parts, redis, prefix, close } = openParts(options, models);
  const notifications = buildNotificationStore({ prefix }, redis);
  const producers = new Map<string, Producer>();
  return {
    of(tenant) {
      const known = producers.get(tenant);
      if (known !== undefined) return known;
      // A producer without calls under way is a few functions: the oldest is made again when it is needed.
      const [oldest] = producers.size < MOST_KEPT ? [] : producers.keys();
      if (oldest !== undefined) producers.delete(oldest);
      const made = buildProducer({
        ...parts,
        defaults: { ...parts.defaults, tenant, boundTo: tenant },
        close: () => Promise.resolve(),
      });
      producers.set(tenant, made);
      return made;
    },
    endpointsOf: (tenant) =>
      buildWebhookEndpoints({
        store: notifications,
        ask: parts.ask,
        tenant,
        ...defined({ keys: notificationKeys }),
        rules: { allowLoopback: options.allowLoopbackWebhooks === true, resolve: resolveByServers },
        close: () => Promise.resolve(),
      }),
    close,
  };
}

const MOST_KEPT = 10_000;
