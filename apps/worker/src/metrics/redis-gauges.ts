import { readRedisState, redisShortcomings, type ExaminedRedis, type RedisState } from '@darkroom/generation-store';
import type { Metrics } from '@darkroom/service-runtime';

/** Adds memory and setup of the Redis server. One `INFO` serves a scrape. */
export function addRedisGauges(metrics: Metrics, redis: ExaminedRedis): void {
  let asked: Promise<RedisState> | undefined;
  const read = (): Promise<RedisState> => {
    asked ??= readRedisState(redis).finally(() => (asked = undefined));
    return asked;
  };
  metrics.readGauge(
    { name: 'darkroom_redis_memory_bytes', help: 'Memory that Redis uses, and its limit; 0 without a limit.', labels: ['part'] },
    async () => {
      const { usedBytes, limitBytes } = await read();
      return Object.entries({ used: usedBytes, limit: limitBytes }).flatMap(([part, value]) =>
        value === undefined ? [] : [{ labels: { part }, value }],
      );
    },
  );
  metrics.readCounter(
    { name: 'darkroom_redis_evicted_keys_total', help: 'Keys that Redis threw away since its start; a single one is too many.' },
    async () => {
      const { evictedKeys } = await read();
      return evictedKeys === undefined ? [] : [{ labels: {}, value: evictedKeys }];
    },
  );
  metrics.readGauge(
    {
      name: 'darkroom_redis_shortcomings',
      help: '1 for each shortcoming of the setup of Redis, such as an eviction policy, else 0.',
      labels: ['kind'],
    },
    async () => {
      const { shortcomings } = await read();
      return redisShortcomings.map((kind) => ({ labels: { kind }, value: shortcomings.some((each) => each.kind === kind) ? 1 : 0 }));
    },
  );
}
