import { defined, knownModels, type Models } from '@darkroom/contracts';
import {
  buildGenerationStore,
  connectFailFast,
  connectSubscriber,
  DEFAULT_PREFIX,
  defaultRetention,
  watchConnection,
} from '@darkroom/generation-store';
import { createSubmissions } from '@darkroom/queues';
import { createAvailability } from './availability.ts';
import { buildProducer } from './build-producer.ts';
import type { ProducerOptions } from './options.ts';
import { readProducerOptions } from './read-producer-options.ts';
import type { GenerationDefaults } from './prepare-generation.ts';
import type { Producer } from './producer.ts';
import { createRedisTime } from './redis-time.ts';
import { createSubscriptions } from './subscriptions.ts';

/**
 * Connects to Redis at once and makes a producer; its calls, not this function, report an absent Redis.
 * @param models The models whose requests it takes; those of this version if left out. Its workers must know how to buy them.
 * @throws ConfigError with all problems of the options at once.
 */
export function createProducer(given: ProducerOptions, models: Models = knownModels): Producer {
  const { parts, close } = openParts(given, models);
  return buildProducer({ ...parts, close });
}

/** Connects to Redis at once. @throws ConfigError with all problems of the options at once. */
export function openParts(given: ProducerOptions, models: Models = knownModels) {
  const options = readProducerOptions(given);
  const {
    redisUrl,
    prefix = DEFAULT_PREFIX,
    tenant,
    maxReferenceImages = 1,
    allowLoopbackWebhooks = false,
    now: clock = Date.now,
  } = options;
  const { recordSeconds = defaultRetention.recordSeconds, idempotencySeconds = defaultRetention.idempotencySeconds } = options;
  const redis = connectFailFast(redisUrl, prefix);
  const watch = watchConnection(redis, { prefix, look: 'ping', process: 'producer' });
  const { ask, close: refuseCalls } = createAvailability(redis, watch);
  const store = buildGenerationStore(
    {
      prefix,
      retention: { recordSeconds, idempotencySeconds },
      pollRate: { perSecond: 1, burst: 1 },
    },
    redis,
  );
  const { now, mintBy } = createRedisTime(clock, (message) => process.emitWarning(message, 'DarkroomWarning'));
  const submissions = createSubmissions(redis, { prefix, failFast: true, now });
  const subscriptions = createSubscriptions(prefix, () =>
    // A right that it lacks is one of the producer: the watch of the other connection asks for them all.
    connectSubscriber(redisUrl, prefix).on('denied', (error: Error) => redis.emit('denied', error)),
  );
  const defaults: GenerationDefaults = {
    tenant: tenant ?? 'default',
    ...defined({ boundTo: tenant }),
    maxReferenceImages,
    allowLoopbackWebhooks,
    models,
    now,
  };
  return {
    redis,
    prefix,
    parts: { defaults, ask, store, submissions, now, mintBy, subscriptions },
    async close() {
      refuseCalls();
      subscriptions.close();
      await submissions.close();
      watch.close();
      redis.disconnect();
    },
  };
}
