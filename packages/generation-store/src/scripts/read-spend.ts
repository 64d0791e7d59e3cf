import { createLuaScript } from '../lua-script.ts';
import { money } from './money.ts';
import { prelude } from './prelude.ts';

/**
 * Reads the ledger of the periods that are now, by Redis time.
 * Replies: <now> then, for each period, name | cap or '' | resetsAt | reserved | settled | expected | reported | unreported | differing
 */
export const readSpendScript = createLuaScript(/* lua */ `${prelude}${money}
local now = nowMs()
local caps = capsOf() or {}
local reply = { int(now) }
for _, period in ipairs(periodsOf(ARGV[2], now)) do
  local row = { period.name, caps[period.cap] or '', int(period.resetsAt) }
  local spend = redis.call('HMGET', prefix .. ':spend:' .. period.name, 'reserved', 'settled', 'expected', 'reported', 'unreported', 'differing')
  for _, value in ipairs(spend) do row[#row + 1] = value or '0' end
  reply[#reply + 1] = row
end
return reply
`);
