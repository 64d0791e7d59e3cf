import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

/** The Redis that a start runs in this data folder; undefined when there was none, or the file is another's. */
export function findRedisOf(dir: string): string | undefined {
  try {
    const { redis } = z.object({ redis: z.int() }).parse(JSON.parse(readFileSync(path.join(dir, 'ports.json'), 'utf8')));
    return `redis://127.0.0.1:${redis}`;
  } catch {
    return undefined;
  }
}
