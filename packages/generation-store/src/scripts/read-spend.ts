import { createLuaScript } from '../lua-script.ts';
import { money } from './money.ts';
import { prelude } from './prelude.ts';

/**
 * Reads the ledger of the periods that are now, by Redis time.
 * Replies: <now> then, for each period, name | cap or '' | reserved | settled | resetsAt
 */
export const readSpendScript = createLuaScript(/* lua */ `${prelude}${money}
local now = nowMs()
local caps = hash(prefix .. ':caps')
local reply = { int(now) }
for _, period in ipairs(periodsOf(ARGV[2], now)) do
  local spend = redis.call('HMGET', prefix .. ':spend:' .. period.name, 'reserved', 'settled')
  reply[#reply + 1] = { period.name, caps[period.cap] or '', spend[1] or '0', spend[2] or '0', int(period.resetsAt) }
end
return reply
`);
