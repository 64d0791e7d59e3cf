/** Time without a sign of life of any worker after which none counts as alive; a worker gives one every five seconds. */
const WORKERS_SILENT_MS = 30_000;

/**
 * The last sign of life of a worker of the fleet, in Redis time: the key `:worker-seen`. A Redis that went back to an earlier moment holds an
 * older one, and a time ahead of Redis time comes from a clock that went back: both count as silence until the next sign. After the prelude.
 */
export const workerLife = /* lua */ `
-- the last sign of life, 0 without one, while no worker is alive; else nil
local function noWorkerSince(now)
  local seen = redis.pcall('GET', prefix .. ':worker-seen')
  seen = type(seen) == 'string' and isWhole(seen) and tonumber(seen) or 0
  if now - seen <= ${WORKERS_SILENT_MS} and seen - now <= CLOCKS_AGREE_MS then return nil end
  return seen
end
`;
