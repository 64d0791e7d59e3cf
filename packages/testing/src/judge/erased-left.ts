import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { taskIdsOf } from './billed-tasks.ts';
import { readBill } from './bill.ts';
import type { OrderRecord } from './evidence.ts';

const objectSchema = z.object({ key: z.string(), blob: z.string() });

export interface ScannedPlaces {
  redis: Redis;
  prefix: string;
  bucketDir: string;
  billFile: string;
}

/**
 * Scans every object and every key of Redis for what callers were told is erased: the words of their requests, and the bytes that the provider made
 * for them. Returns one line for each place.
 */
export async function findErasedLeft(
  { redis, prefix, bucketDir, billFile }: ScannedPlaces,
  orders: readonly OrderRecord[],
): Promise<string[]> {
  const erased = orders.filter(({ erasedWords }) => erasedWords !== undefined);
  if (erased.length === 0) return [];
  const words = erased.flatMap(({ erasedWords = '' }) => erasedWords);
  const tasks = new Set(erased.flatMap(({ ids, images }) => ids.flatMap((id) => taskIdsOf(id, images))));
  const bytes = new Set(
    (await readBill(billFile)).flatMap((line) =>
      line.kind === 'execution' && tasks.has(line.taskUUID) ? line.images.map(({ sha256 }) => sha256) : [],
    ),
  );
  const found: string[] = [];
  const look = (where: string, text: string): void => {
    for (const word of words) if (text.includes(word)) found.push(`${where} holds the words "${word}"`);
  };
  for (const name of await readdir(join(bucketDir, 'objects'))) {
    const { key, blob } = objectSchema.parse(JSON.parse(await readFile(join(bucketDir, 'objects', name), 'utf8')));
    const content = await readFile(join(bucketDir, 'blobs', blob));
    look(key, content.toString('latin1'));
    if (bytes.has(createHash('sha256').update(content).digest('hex'))) found.push(`${key} holds the bytes of an erased image`);
  }
  for await (const keys of redis.scanStream({ match: `${prefix.replaceAll(/[{}[\]*?]/g, String.raw`\$&`)}*`, count: 1000 }))
    for (const key of keys as string[]) look(key, `${key} ${await readKey(redis, key)}`); // a stream of lists of keys
  return found;
}

/** Reads all that a key holds. */
async function readKey(redis: Redis, key: string): Promise<string> {
  switch (await redis.type(key)) {
    case 'string':
      return (await redis.get(key)) ?? '';
    case 'hash':
      return JSON.stringify(await redis.hgetall(key));
    case 'list':
      return JSON.stringify(await redis.lrange(key, 0, -1));
    case 'set':
      return JSON.stringify(await redis.smembers(key));
    case 'zset':
      return JSON.stringify(await redis.zrange(key, '0', '-1'));
    case 'stream':
      return JSON.stringify(await redis.xrange(key, '-', '+'));
    default:
      return '';
  }
}
