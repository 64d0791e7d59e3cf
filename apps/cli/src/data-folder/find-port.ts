import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

/** Where a start listens with its Redis or S3 in this data folder; undefined when there was none, or the file is another's. */
export function findPortOf(dir: string, name: 'redis' | 's3'): number | undefined {
  try {
    return z.object({ [name]: z.int() }).parse(JSON.parse(readFileSync(path.join(dir, 'ports.json'), 'utf8')))[name];
  } catch {
    return undefined;
  }
}

/** The Redis that a start runs in this data folder; undefined when there was none. */
export function findRedisOf(dir: string): string | undefined {
  const port = findPortOf(dir, 'redis');
  return port === undefined ? undefined : `redis://127.0.0.1:${port}`;
}
