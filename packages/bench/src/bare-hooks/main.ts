import { fastify } from 'fastify';
import { Redis } from 'ioredis';
import { BARE_REDIS, deliverySchema } from '../naive/settings.ts';

// A server as a process of its own that runs one script for each webhook: the least that a receiver does.

const redis = new Redis(process.env[BARE_REDIS] ?? '');
const script = "return redis.call('HSET', KEYS[1], 'seed', ARGV[1])";
const sha = String(await redis.script('LOAD', script));
const server = fastify();
server.post('/webhooks', async ({ body }, reply) => {
  const { taskUUID, seed } = deliverySchema.parse(body);
  await redis.evalsha(sha, 1, taskUUID, seed);
  return reply.code(204).send();
});
const url = `${await server.listen({ host: '127.0.0.1', port: 0 })}/webhooks`;
process.once('disconnect', () => process.exit());
process.once('SIGTERM', () => process.exit());
process.send?.({ url });
