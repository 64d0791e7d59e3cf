export { lockFolder, type FolderLock } from './folder-lock.ts';
export { freePort } from './free-port.ts';
export type { AppendFsync, Environment, LocalRedis, RedisKind } from './redis/local-redis.ts';
export { endOrphan } from './redis/orphan.ts';
export { startRedis, type StartRedisOptions } from './redis/start-redis.ts';
export type { S3Disturbance, S3Trouble } from './s3/disturbance.ts';
export { startS3Server, type S3RequestLog, type S3Server, type S3ServerOptions } from './s3/server.ts';
export type { S3Credentials } from './s3/sigv4.ts';
export { startS3Process, type S3Process, type S3ProcessOptions } from './s3/s3-process.ts';
