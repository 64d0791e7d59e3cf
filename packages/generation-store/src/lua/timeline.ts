/** Most steps of a timeline, and how many of them are always the first ones. */
export const MOST_STEPS = 24;
export const FIRST_STEPS = 8;

/**
 * The timeline of a submission: a text under its key with `:timeline` behind, of steps "<Redis time> <step>[ <number>][ <code>];". If there are
 * more than it holds, "<count> omitted;" stands for those behind the first ones. It holds no text of a caller, no address and no prompt, ends
 * with its submission, and is noted in the script that writes the fact. A part of the prelude.
 */
export const timeline = /* lua */ `
-- adds a step to the timeline of a submission that is there
local function noteStep(id, index, n, at, step, detail)
  local own = submissionKey(id, index, n)
  local key = own .. ':timeline'
  local text = redis.pcall('GET', key)
  -- of another type; or the user has the rights of an earlier version
  if type(text) == 'table' then return end
  local steps = text or ''
  local _, count = string.gsub(steps, ';', '')
  if count >= ${MOST_STEPS} then
    local first, next, left = string.match(steps, '^(${'[^;]*;'.repeat(FIRST_STEPS)})([^;]*);(.*)$')
    local omitted = tonumber(string.match(next, '^(%d+) omitted$') or '') or 1
    steps = first .. int(omitted + 1) .. ' omitted;' .. (string.gsub(left, '^[^;]*;', '', 1))
  end
  redis.call('SET', key, steps .. int(at) .. ' ' .. step .. ((detail or '') ~= '' and ' ' .. detail or '') .. ';', 'KEEPTTL')
  if text then return end
  -- a submission that is over has a time to live
  local left = redis.call('PTTL', own)
  if left >= 0 then redis.call('PEXPIRE', key, math.max(left, 1)) end
end
`;
