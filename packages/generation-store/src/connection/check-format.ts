import type { Redis } from 'ioredis';
import { formatKey } from '../keys.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { prelude } from '../lua/prelude.ts';

const checkFormatScript = createLuaScript(/* lua */ `${prelude}
return 1
`);

/** Makes sure that this build knows the format of a store. @throws NewerFormatError */
export const checkFormat = async (redis: Redis, prefix: string): Promise<void> =>
  void (await checkFormatScript.run(redis, formatKey(prefix), [prefix]));
