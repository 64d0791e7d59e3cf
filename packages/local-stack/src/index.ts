export { freePort } from './free-port.ts';
export type { AppendFsync, Environment, LocalRedis, RedisKind } from './redis/local-redis.ts';
export { startRedis, type StartRedisOptions } from './redis/start-redis.ts';
