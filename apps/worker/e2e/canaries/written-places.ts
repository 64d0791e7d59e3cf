import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import type { Written } from './canary.ts';

/** Reads all files below a folder, byte for byte. */
export async function readFiles(folder: string): Promise<Written[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(files.map(async (place) => ({ place, text: (await readFile(place)).toString('latin1') })));
}

/** Reads every object of a bucket of the embedded S3: key, headers, metadata and bytes. */
export async function readObjects(bucketFolder: string): Promise<Written[]> {
  const stored = await readFiles(join(bucketFolder, 'objects'));
  return Promise.all(
    stored.map(async ({ text }) => {
      const { key, blob } = JSON.parse(text) as { key: string; blob: string }; // the server writes it
      return { place: `s3 ${key}`, text: `${text} ${(await readFile(join(bucketFolder, 'blobs', blob))).toString('latin1')}` };
    }),
  );
}

/** Reads everything in Redis, field by field, with the names of keys and fields. */
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
    case 'none':
      return {}; // it ended after it was listed, as a queue does that runs empty
    default:
      throw new Error(`the key "${key}" is of type "${type}", which this test cannot read`);
  }
}

/** Reads pages of a process, with the headers of the answers. A missing page counts as well. */
export const readPages = (url: string, paths: readonly string[], headers: Readonly<Record<string, string>> = {}): Promise<Written[]> =>
  Promise.all(
    paths.map(async (path) => {
      const response = await fetch(`${url}${path}`, { headers: { connection: 'close', ...headers } });
      return { place: `${url}${path}`, text: `${response.status} ${JSON.stringify([...response.headers])} ${await response.text()}` };
    }),
  );
