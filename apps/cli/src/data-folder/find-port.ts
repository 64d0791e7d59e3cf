import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

/** Returns the port of the Redis or S3 of this data folder; undefined if no start has run here or `ports.json` cannot be read. */
export function findPortOf(dir: string, name: 'redis' | 's3'): number | undefined {
  try {
    return z.object({ [name]: z.int() }).parse(JSON.parse(readFileSync(path.join(dir, 'ports.json'), 'utf8')))[name];
  } catch {
    return undefined;
  }
}

/** Returns the URL of the Redis of this data folder; undefined if no start has run here. */
export function findRedisOf(dir: string): string | undefined {
  const port = findPortOf(dir, 'redis');
  return port === undefined ? undefined : `redis://127.0.0.1:${port}`;
}
