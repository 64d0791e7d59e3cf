/**
 * Periods of the ledger by their last move, so that a worker writes only moved ones into S3. `spend-sums` counts the moves (`moves`), and
 * those of holds apart (`holds`); the sorted set `moved-periods` has the number of the last move of each period. Numbers and ledger lie in
 * one memory: a Redis that goes back to an earlier moment goes back with both.
 *
 * A process without these moves (of an earlier version, or without the right) still counts its holds in `hold-moves`. The two counts then
 * differ, and all periods are listed anew before sums are written again. A move that cannot be followed ends no purchase. After the
 * prelude.
 */
export const noteMoved = /* lua */ `
local function noteHold()
  redis.pcall('HINCRBY', prefix .. ':spend-sums', 'holds', 1)
end

local function noteMoved(names)
  local moves = redis.pcall('HINCRBY', prefix .. ':spend-sums', 'moves', 1)
  if type(moves) ~= 'number' then return end
  local moved = {}
  for name in string.gmatch(names, '[^ ]+') do
    moved[#moved + 1] = moves
    moved[#moved + 1] = name
  end
  if #moved == 0 then return end
  local reply = redis.pcall('ZADD', prefix .. ':moved-periods', unpack(moved))
  if type(reply) == 'table' then redis.pcall('HDEL', prefix .. ':spend-sums', 'isWhole') end
end
`;
