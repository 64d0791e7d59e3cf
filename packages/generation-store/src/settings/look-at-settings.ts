import { hasCode } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { capsKey, limitsKey } from '../keys.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { parseCaps, type StoredCaps } from './caps.ts';
import { parseLimits, type StoredLimits } from './limits.ts';
import { parsePauses, type StoredPauses } from './operator-pause.ts';
import { UNRECORDED } from './restrictions.ts';

/**
 * Reads all settings, and takes the turn to ask S3 for them if no process took it within the time given. A key of another type reads as an
 * empty one: it holds no setting.
 * ARGV: prefix | length of the turn in milliseconds. Replies caps | limits | operator's pause | recorded revision and mark | the turn | 1
 * if a restriction is not recorded.
 */
const lookAtSettingsScript = createLuaScript(/* lua */ `
local prefix, forMs = ARGV[1], tonumber(ARGV[2])
local function read(name)
  local flat = redis.pcall('HGETALL', prefix .. name)
  return flat.err and {} or flat
end
local recorded = redis.pcall('HMGET', prefix .. ':pauses', 'revision', 'mark')
local turn = prefix .. ':turn:settings'
-- a turn longer than any that is given comes from a host whose clock was ahead
local isTaken = redis.call('EXISTS', turn) == 1 and redis.call('PTTL', turn) <= forMs
if not isTaken then redis.call('SET', turn, '1', 'PX', forMs) end
local function waits(name) return redis.call('EXISTS', prefix .. name .. '${UNRECORDED}') end
return {
  read(':caps'), read(':limits'), redis.call('HGET', prefix .. ':buying-paused', 'operator'), recorded.err and {} or recorded,
  isTaken and 0 or 1, math.max(waits(':caps'), waits(':limits')),
}
`);

/** All settings of the store as Redis holds them. An unreadable one counts as lost: S3 holds it. */
export interface SettingsLook {
  caps: StoredCaps | undefined;
  limits: StoredLimits | undefined;
  pauses: StoredPauses;
  /** True if a change that restricts stands in Redis alone. */
  isRestricted: boolean;
  /** True if it is this caller's turn to ask S3. */
  isTurn: boolean;
}

const flat = z
  .array(z.string())
  .transform((words): Record<string, string> =>
    Object.fromEntries(Array.from({ length: words.length / 2 }, (_, at) => [words[2 * at] ?? '', words[2 * at + 1] ?? ''])),
  );
const replySchema = z.tuple([flat, flat, z.string().nullable(), z.array(z.string().nullable()), z.number(), z.number()]);

/**
 * Reads all settings in one trip.
 * @param turnMs Time in which no other process of the fleet gets the turn to ask S3.
 */
export async function lookAtSettings(redis: Redis, prefix: string, turnMs: number): Promise<SettingsLook> {
  const reply = await lookAtSettingsScript.run(redis, capsKey(prefix), [prefix, turnMs]);
  const [caps, limits, operator, [revision, mark], isTurn, isRestricted] = replySchema.parse(reply);
  return {
    caps: orLost(() => parseCaps(capsKey(prefix), caps)),
    limits: orLost(() => parseLimits(limitsKey(prefix), limits)),
    pauses: parsePauses(operator, revision, mark),
    isRestricted: isRestricted === 1,
    isTurn: isTurn === 1,
  };
}

function orLost<Setting>(parse: () => Setting): Setting | undefined {
  try {
    return parse();
  } catch (error) {
    if (hasCode(error, 'store.corrupt-record')) return undefined;
    throw error;
  }
}
