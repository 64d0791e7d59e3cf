import type { Redis } from 'ioredis';
import { z } from 'zod';
import { passByCorrupt } from '../corrupt-entry.ts';
import { capsKey, limitsKey } from '../keys.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { flag, hashReply, namedReply } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';
import { parseCaps, type StoredCaps } from './caps.ts';
import { parseLimits, type StoredLimits } from './limits.ts';
import { parsePauses, type StoredPauses } from './operator-pause.ts';
import { UNRECORDED } from './restrictions.ts';

/**
 * Reads all settings, and takes the turn to ask S3 for them if no process took it within the time given. A key of another type reads as an
 * empty one: it holds no setting.
 */
const lookAtSettingsScript = createNamedScript(['turnMs'])(/* lua */ `${prelude}
turnMs = tonumber(turnMs)
local function read(name)
  local flat = redis.pcall('HGETALL', prefix .. name)
  return flat.err and {} or flat
end
local recorded = redis.pcall('HMGET', prefix .. ':pauses', 'revision', 'mark')
if recorded.err then recorded = {} end
local turn = prefix .. ':turn:settings'
-- a turn longer than any that is given comes from a host whose clock was ahead
local isTaken = redis.call('EXISTS', turn) == 1 and redis.call('PTTL', turn) <= turnMs
if not isTaken then redis.call('SET', turn, '1', 'PX', turnMs) end
local operator = redis.call('HGET', prefix .. ':buying-paused', 'operator')
local function waits(name) return redis.call('EXISTS', prefix .. name .. '${UNRECORDED}') == 1 end
return named({
  caps = read(':caps'), limits = read(':limits'), operator = operator and '=' .. operator or nil, revision = recorded[1] or nil,
  mark = recorded[2] or nil, isTurn = not isTaken,
  isRestricted = waits(':caps') or waits(':limits') or waits(':api-keys') or waits(':webhook-endpoints') or redis.call('EXISTS', prefix .. ':tenants-restricted') == 1,
})
`);

/** All settings of the store as Redis holds them. An unreadable one counts as lost: S3 holds it. */
export interface SettingsLook {
  caps: StoredCaps | undefined;
  limits: StoredLimits | undefined;
  pauses: StoredPauses;
  /** True if a change stands in Redis alone that a worker has to record. */
  isRestricted: boolean;
  /** True if it is this caller's turn to ask S3. */
  isTurn: boolean;
}

const replySchema = namedReply(
  z.object({
    caps: hashReply,
    limits: hashReply,
    /** "=" and the text of the pause. */
    operator: z.string().optional(),
    revision: z.string().optional(),
    mark: z.string().optional(),
    isTurn: flag,
    isRestricted: flag,
  }),
);

/**
 * Reads all settings in one trip.
 * @param turnMs Time in which no other process of the fleet gets the turn to ask S3.
 */
export async function lookAtSettings(redis: Redis, prefix: string, turnMs: number): Promise<SettingsLook> {
  const reply = await lookAtSettingsScript.run(redis, capsKey(prefix), prefix, { turnMs });
  const { caps, limits, operator, revision, mark, isTurn, isRestricted } = replySchema.parse(reply);
  return {
    caps: orLost(() => parseCaps(capsKey(prefix), caps)),
    limits: orLost(() => parseLimits(limitsKey(prefix), limits)),
    pauses: parsePauses(operator?.slice(1) ?? null, revision, mark),
    isRestricted,
    isTurn,
  };
}

function orLost<Setting>(parse: () => Setting): Setting | undefined {
  try {
    return parse();
  } catch (error) {
    return passByCorrupt(error);
  }
}
