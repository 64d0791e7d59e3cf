// Sends five requests to Redis, S3 and the provider, one after the other, and prints each finished one.
import { Redis } from 'ioredis';

const { REDIS_URL = '', PREFIX = '', S3_URL = '', PROVIDER_URL = '' } = /** @type {Record<string, string | undefined>} */ (process.env);
const redis = new Redis(REDIS_URL);
const key = `${PREFIX}:steps`;

/** @param {string} name @param {Promise<unknown>} work */
async function step(name, work) {
  await work;
  process.stdout.write(`${name}\n`);
}

/** @param {string} url @param {string} method */
const ask = async (url, method) => (await fetch(url, { method, headers: { connection: 'close' } })).arrayBuffer();

await step('set', redis.set(key, '1'));
await step('script', redis.eval("return redis.call('INCR', KEYS[1])", 1, key));
await step('put', ask(`${S3_URL}/bucket/key`, 'PUT'));
await step('post', ask(`${PROVIDER_URL}/v1`, 'POST'));
await step('get', redis.get(key));
// Only the end of a transaction counts.
await redis.multi().get(key).exec();
redis.disconnect();
