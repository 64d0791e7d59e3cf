import { Redis } from 'ioredis';
import { serveHooks } from '../naive/hooks.ts';
import { BARE_REDIS } from '../naive/settings.ts';

// A server as a process of its own that runs one script for each webhook: the least that a receiver does.

const redis = new Redis(process.env[BARE_REDIS] ?? '');
const script = "return redis.call('HSET', KEYS[1], 'seed', ARGV[1])";
const sha = String(await redis.script('LOAD', script));
const url = await serveHooks(async ({ taskUUID, seed }) => void (await redis.evalsha(sha, 1, taskUUID, seed)));
process.once('disconnect', () => process.exit());
process.once('SIGTERM', () => process.exit());
process.send?.({ url });
