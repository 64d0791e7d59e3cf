/**
 * Proofs about the sends of a submission. After the prelude.
 *
 * A submission is *remembered* if Redis has forgotten none of its sends. `memory` names the stretch of memory in which the first send of
 * its round was opened. That send wrote an intent that S3 did not hold yet, so it was the first of its round; earlier rounds ended by
 * refusals that Redis knows of. In another stretch Redis may have forgotten a later send: after a restart or a failover, and after every
 * sign of a loss (`send:0`, a verdict of a send that is not there), which empties `memory`. Each send begins a round or repeats one, and
 * has an intent in S3. A forgotten send is found by its intent, when Redis is compared with S3 and when the next round writes its own.
 * Nothing is sent after a conflict, so a submission that was remembered when its conflict was reported (`remembered`) stays so.
 *
 * A refusal is *proved* if the audit trail showed it as the last response to the id at a moment when only one send may have arrived:
 * `refusalSeen` sends were refused by then, and those of `refusalBeside` had no verdict.
 */
export const sends = /* lua */ `
local function isRemembered(submission)
  return (submission.memory or '') ~= '' and submission.memory == memoryId()
end

-- the sends that may have reached the provider and were not answered with a conflict, beside those that were refused
local function openSends(submission)
  local open = {}
  for field, value in pairs(submission) do
    local send = string.match(field, '^send:(%d+)$')
    if send and value ~= 'conflict' then open[#open + 1] = send end
  end
  return open
end

local function wasRefusalProved(submission)
  local _, beside = string.gsub(submission.refusalBeside or '', '%d+', '')
  return submission.refusalSeen and tonumber(submission.refusalSeen) + beside == 1
end

-- '' without an undecided conflict. "proved": only one send may have been accepted, and it was refused. "provable": the same, if the audit
-- trail shows a refusal now. "unprovable": whatever is answered, another send may have been accepted
local function conflictOf(submission)
  if not submission.conflictAt or submission.status ~= 'committed' then return '' end
  if submission.remembered ~= '1' then return 'unprovable' end
  if tonumber(submission.rejections) + #openSends(submission) ~= 1 then return 'unprovable' end
  if wasRefusalProved(submission) then return 'proved' end
  return 'provable'
end
`;
