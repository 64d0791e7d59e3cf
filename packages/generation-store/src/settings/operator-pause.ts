import { defined, type OperatorPause } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { corruptRecordOf } from '../corrupt-entry.ts';
import { pauseKey, recordedPausesKey } from '../keys.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { storedPauseSchema } from './buying-pause.ts';

/**
 * Replaces an operator's pause, or lifts it, unless Redis knows a later revision or the pause is no longer the one that was seen: this must
 * not lift a pause that another process made meanwhile. The mark of a pause is '' for none, else "=" and its text. Replies 1 if it was
 * written, else 0.
 */
const applyPausesScript = createNamedScript(['revision', 'seenMark', 'mark'])(/* lua */ `
local recordedKey = ARGV[1] .. ':pauses'
local current = redis.pcall('HGET', recordedKey, 'revision')
if type(current) == 'string' and (tonumber(current) or 0) > tonumber(revision) then return 0 end
local operator = redis.call('HGET', KEYS[1], 'operator')
if (operator and '=' .. operator or '') ~= seenMark then return 0 end
redis.call('DEL', recordedKey)
redis.call('HSET', recordedKey, 'revision', revision, 'mark', mark)
if mark == '' then redis.call('HDEL', KEYS[1], 'operator') else redis.call('HSET', KEYS[1], 'operator', string.sub(mark, 2)) end
return 1
`);

/** An operator's pause as Redis holds it. */
export interface StoredPauses {
  /** Revision of the last change in S3 that Redis was told of; 0 if S3 was found to hold none; absent if S3 was never asked. */
  revision?: number;
  /** Absent while no operator pauses buying. */
  operator?: OperatorPause;
  /** True if the change of that revision has this content: a pause may be made, and a key lost, in Redis alone. */
  isRecorded: boolean;
  /** Mark of the pause that stands; `applyPauses` names the mark that it replaces. */
  seen: string;
}

/** Reads the operator's pause. @throws CorruptRecordError for a key of another type. */
export async function findPauses(redis: Redis, prefix: string): Promise<StoredPauses> {
  const [seen, [revision, mark]] = await Promise.all([redis.hget(pauseKey(prefix), 'operator'), readRecorded(redis, prefix)]).catch(
    (error: unknown) => {
      throw corruptRecordOf(error, pauseKey(prefix)) ?? error;
    },
  );
  return parsePauses(seen, revision, mark);
}

/** Parses the field of the pause, and the part of S3 that Redis was told of. An unreadable part counts as absent, and S3 is asked again. */
export function parsePauses(seen: string | null, revision: string | null = null, mark: string | null = null): StoredPauses {
  return {
    ...defined({
      revision: /^\d{1,12}$/.test(revision ?? '') ? Number(revision) : undefined,
      operator: seen === null ? undefined : storedPauseSchema.parse(seen),
    }),
    isRecorded: markOf(seen) === (mark ?? ''),
    seen: markOf(seen),
  };
}

/** Returns one text for a field that may be absent or hold any text. */
const markOf = (stored: string | null): string => (stored === null ? '' : `=${stored}`);

const readRecorded = (redis: Redis, prefix: string): Promise<(string | null)[]> =>
  redis.hmget(recordedPausesKey(prefix), 'revision', 'mark').catch((error: unknown) => {
    if (corruptRecordOf(error, recordedPausesKey(prefix)) === undefined) throw error;
    return [];
  });

/**
 * Writes the pause of a change that S3 holds in place of the one that was seen.
 * @returns false if another stands by now, or a later revision is known.
 */
export async function applyPauses(
  redis: Redis,
  prefix: string,
  { revision, operator, seen }: { revision: number; operator: OperatorPause | undefined; seen: string },
): Promise<boolean> {
  const stored = operator === undefined ? null : JSON.stringify({ reason: operator.reason, since: operator.since, by: operator.by });
  return (await applyPausesScript.run(redis, pauseKey(prefix), prefix, { revision, seenMark: seen, mark: markOf(stored) })) === 1;
}
