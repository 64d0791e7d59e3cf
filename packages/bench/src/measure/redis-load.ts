import type { Redis } from 'ioredis';

/** Load of a Redis server since its statistics were reset. */
export interface RedisLoad {
  scripts: number;
  /** Time inside scripts, in milliseconds. */
  scriptMs: number;
  /** 99th percentile of all scripts, in milliseconds. */
  scriptP99Ms: number;
}

export const resetRedisLoad = async (redis: Redis): Promise<void> => void (await redis.config('RESETSTAT'));

/** Reads the load (Redis docs, INFO). */
export async function readRedisLoad(redis: Redis): Promise<RedisLoad> {
  const info = `${await redis.info('commandstats')}\n${await redis.info('latencystats')}`;
  const read = (pattern: RegExp): number => Number(pattern.exec(info)?.[1] ?? 0);
  const sum = (field: string): number =>
    read(new RegExp(`cmdstat_evalsha:.*?${field}=(\\d+)`)) + read(new RegExp(`cmdstat_eval:.*?${field}=(\\d+)`));
  return {
    scripts: sum('calls'),
    scriptMs: sum('usec') / 1000,
    scriptP99Ms: read(/latency_percentiles_usec_evalsha:.*?p99=([\d.]+)/) / 1000,
  };
}

/** Returns the memory that a Redis uses for data, in bytes. */
export const readUsedBytes = async (redis: Redis): Promise<number> => Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]);
