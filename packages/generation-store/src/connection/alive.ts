import { createLuaScript } from '../lua/lua-script.ts';
import { refuseNewerFormat } from '../lua/stored-format.ts';

/**
 * Does on a small scale what every change does (a script, a write, an announcement), so that a missing right is found before the first
 * change, and a store of a later format before it is touched.
 */
export const aliveScript = createLuaScript(/* lua */ `
local prefix = ARGV[1]
${refuseNewerFormat}
redis.call('PUBLISH', prefix .. ':events:alive', '{}')
redis.call('SET', KEYS[1], redis.call('TIME')[1], 'EX', ARGV[2])
return 1
`);
