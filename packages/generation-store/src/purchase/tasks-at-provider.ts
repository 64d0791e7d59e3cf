import type { Redis } from 'ioredis';
import { z } from 'zod';
import { capsKey } from '../keys.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { namedReply, number } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';
import { tasksAtProvider } from '../lua/tasks-at-provider.ts';

const readTasksScript = createLuaScript(/* lua */ `${prelude}${tasksAtProvider}
local count = redis.pcall('ZCARD', tasksKey)
return named({ count = type(count) == 'number' and count or 0, limit = taskLimit() })
`);

const tasksSchema = namedReply(z.object({ count: number, limit: number }));

/** Returns the number of tasks that the fleet has at the provider, and their limit. */
export const readTasksAtProvider = async (redis: Redis, prefix: string): Promise<{ count: number; limit: number }> =>
  tasksSchema.parse(await readTasksScript.run(redis, capsKey(prefix), [prefix]));
