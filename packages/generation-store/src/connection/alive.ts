import { createLuaScript } from '../lua/lua-script.ts';

/**
 * Does on a small scale what every change does (a script, a write, an announcement), so that a missing right is found before the first
 * change.
 */
export const aliveScript = createLuaScript(/* lua */ `
redis.call('PUBLISH', ARGV[1] .. ':events:alive', '{}')
redis.call('SET', KEYS[1], redis.call('TIME')[1], 'EX', ARGV[2])
return 1
`);
