import { createLuaScript } from '../lua/lua-script.ts';

/** Does in small what every change does, so that a right that is missing is found before the first one: a script, a write, an announcement. */
export const aliveScript = createLuaScript(/* lua */ `
redis.call('PUBLISH', ARGV[1] .. ':events:alive', '{}')
redis.call('SET', KEYS[1], redis.call('TIME')[1], 'EX', ARGV[2])
return 1
`);
