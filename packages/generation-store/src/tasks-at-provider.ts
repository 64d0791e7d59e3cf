import type { Redis } from 'ioredis';
import { z } from 'zod';
import { capsKey } from './keys.ts';
import { readTasksScript } from './scripts/tasks-at-provider.ts';

const tasksSchema = z.tuple([z.number(), z.number()]).transform(([count, limit]) => ({ count, limit }));

/** Reads how many tasks the fleet has at the provider, and how many it may have. */
export const readTasksAtProvider = async (redis: Redis, prefix: string): Promise<{ count: number; limit: number }> =>
  tasksSchema.parse(await readTasksScript.run(redis, capsKey(prefix), [prefix]));
