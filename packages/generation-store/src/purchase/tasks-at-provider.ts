import type { Redis } from 'ioredis';
import { z } from 'zod';
import { capsKey } from '../keys.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { prelude } from '../lua/prelude.ts';
import { tasksAtProvider } from '../lua/tasks-at-provider.ts';

/** Replies: tasks under way at the provider | their limit. */
const readTasksScript = createLuaScript(/* lua */ `${prelude}${tasksAtProvider}
local count = redis.pcall('ZCARD', tasksKey)
return { type(count) == 'number' and count or 0, taskLimit() }
`);

const tasksSchema = z.tuple([z.number(), z.number()]).transform(([count, limit]) => ({ count, limit }));

/** Returns the number of tasks that the fleet has at the provider, and their limit. */
export const readTasksAtProvider = async (redis: Redis, prefix: string): Promise<{ count: number; limit: number }> =>
  tasksSchema.parse(await readTasksScript.run(redis, capsKey(prefix), [prefix]));
