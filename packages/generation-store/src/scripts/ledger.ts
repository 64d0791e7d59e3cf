import { createLuaScript } from '../lua-script.ts';
import { money } from './money.ts';
import { prelude } from './prelude.ts';

/** Sums what generations hold, by period. Replies: period | amount of each period. */
export const sumHoldsScript = createLuaScript(/* lua */ `${prelude}
local sums, names = {}, {}
for at = 2, #ARGV do
  local id = ARGV[at]
  local key = prefix .. ':generation:' .. id
  local generation, known = hash(key)
  if known then soundGeneration(key, generation) end
  for index = 0, tonumber(generation.images or '0') - 1 do
    for n = 1, tonumber(generation['latest:' .. index]) do
      local submissionKey = submissionKey(id, index, n)
      local submission = hash(submissionKey)
      if submission.held == '1' then
        soundSubmission(submissionKey, submission)
        for name in string.gmatch(submission.periods, '[^ ]+') do
          if not sums[name] then names[#names + 1] = name end
          sums[name] = (sums[name] or 0) + tonumber(submission.reserved)
        end
      end
    end
  end
end
local reply = {}
for _, name in ipairs(names) do reply[#reply + 1] = { name, int(sums[name]) } end
return reply
`);

/**
 * Compares the ledger with sums of holds, and writes them down where they differ. Only while no hold has moved since the sums
 * were begun: the number of moves tells (\`book\`). A sum that is lower than the ledger is written down when that is allowed.
 *
 * Replies: moved | compared, then period | reserved | held | corrected of each that differs.
 */
export const correctLedgerScript = createLuaScript(/* lua */ `${prelude}${money}
local moves, mayLower = ARGV[2], ARGV[3] == '1'
if (redis.call('GET', prefix .. ':hold-moves') or '0') ~= moves then return { 'moved' } end
local reply = { 'compared' }
for at = 4, #ARGV, 2 do soundLedger(ARGV[at]) end
for at = 4, #ARGV, 2 do
  local held = tonumber(ARGV[at + 1])
  local reserved = tonumber(redis.call('HGET', prefix .. ':spend:' .. ARGV[at], 'reserved') or '0')
  if reserved ~= held then
    local corrected = reserved < held or mayLower
    if corrected then book(ARGV[at], { reserved = held - reserved }) end
    reply[#reply + 1] = { ARGV[at], int(reserved), int(held), corrected and '1' or '0' }
  end
end
return reply
`);
