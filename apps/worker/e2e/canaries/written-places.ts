import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import type { Written } from './canary.ts';

/** All files below a folder, as the bytes they are. */
export async function readFiles(folder: string): Promise<Written[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(files.map(async (place) => ({ place, text: (await readFile(place)).toString('latin1') })));
}

/** Every object of a bucket of the embedded S3, under its key, with its headers, metadata and bytes. */
export async function readObjects(bucketFolder: string): Promise<Written[]> {
  const stored = await readFiles(join(bucketFolder, 'objects'));
  return Promise.all(
    stored.map(async ({ text }) => {
      const { key, blob } = JSON.parse(text) as { key: string; blob: string }; // what the server writes
      return { place: `s3 ${key}`, text: `${text} ${(await readFile(join(bucketFolder, 'blobs', blob))).toString('latin1')}` };
    }),
  );
}

/** Everything that Redis holds, field by field; names of keys and fields included. */
export async function readRedis(redis: Redis): Promise<Written[]> {
  const written: Written[] = [];
  for (const key of await redis.keys('*')) {
    for (const [field, value] of Object.entries(await readKey(redis, key))) {
      written.push({
        place: `redis ${key} ${field}`,
        text: `${key} ${field} ${typeof value === 'string' ? value : JSON.stringify(value)}`,
      });
    }
  }
  return written;
}

async function readKey(redis: Redis, key: string): Promise<Record<string, unknown>> {
  const type = await redis.type(key);
  switch (type) {
    case 'string':
      return { value: await redis.get(key) };
    case 'hash':
      return redis.hgetall(key);
    case 'list':
      return { list: await redis.lrange(key, 0, -1) };
    case 'set':
      return { set: await redis.smembers(key) };
    case 'zset':
      return { zset: await redis.zrange(key, '0', '-1', 'WITHSCORES') };
    case 'stream':
      return { stream: await redis.xrange(key, '-', '+') };
    default:
      throw new Error(`the key "${key}" is of type "${type}", which this test cannot read`);
  }
}

/** Pages of a process, with the headers of the answers; what is not there is written too. */
export const readPages = (url: string, paths: readonly string[], headers: Readonly<Record<string, string>> = {}): Promise<Written[]> =>
  Promise.all(
    paths.map(async (path) => {
      const response = await fetch(`${url}${path}`, { headers: { connection: 'close', ...headers } });
      return { place: `${url}${path}`, text: `${response.status} ${JSON.stringify([...response.headers])} ${await response.text()}` };
    }),
  );
