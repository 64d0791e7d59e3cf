import { createLuaScript } from '../lua-script.ts';
import { prelude } from './prelude.ts';

/** Replies: Redis time | epoch or '' | id of the owner or '' | id and epoch that are claimed, or ''. */
export const readOwnershipScript = createLuaScript(/* lua */ `${prelude}
local function at(name) return redis.call('GET', prefix .. name) or '' end
return { int(nowMs()), isReading() and redis.call('HGET', prefix .. ':reading', 'epoch') or at(':epoch'), at(':owner'), at(':owner-claim') }
`);

/** Gives an open store without an owner the one that its bucket has. Replies 1, or 0 when it has one or its epoch is another. */
export const adoptOwnerScript = createLuaScript(/* lua */ `${prelude}
local epoch = isReading() and redis.call('HGET', prefix .. ':reading', 'epoch') or redis.call('GET', prefix .. ':epoch')
if epoch ~= ARGV[2] then return 0 end
if not redis.call('SET', prefix .. ':owner', ARGV[3], 'NX') then return 0 end
redis.call('DEL', prefix .. ':owner-claim')
return 1
`);
