import type { OperatorPause } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { storedPauseSchema } from './buying-pause.ts';
import { corruptRecordOf } from './corrupt-record.ts';
import { pauseKey, recordedPausesKey } from './keys.ts';
import { applyPausesScript } from './scripts/settings.ts';

/** An operator's pause as Redis knows it. */
export interface StoredPauses {
  /** Of the change in S3 that Redis was told of last; 0 where S3 was found to hold none; absent where S3 was never asked. */
  revision?: number;
  /** Absent while no operator pauses buying. */
  operator?: OperatorPause;
  /** Whether this is what the change of that revision said: a pause may be made, and a key be lost, in Redis alone. */
  isRecorded: boolean;
  /** The mark of the pause that stands: what `applyPauses` replaces. */
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

/** Parses the field of the pause, and what Redis was told of S3; of that, what cannot be read counts as nothing, and S3 is asked again. */
export function parsePauses(seen: string | null, revision: string | null = null, mark: string | null = null): StoredPauses {
  return {
    ...(/^\d{1,12}$/.test(revision ?? '') ? { revision: Number(revision) } : {}),
    ...(seen === null ? {} : { operator: storedPauseSchema.parse(seen) }),
    isRecorded: markOf(seen) === (mark ?? ''),
    seen: markOf(seen),
  };
}

/** One text for a field that may be absent, or hold any text. */
const markOf = (stored: string | null): string => (stored === null ? '' : `=${stored}`);

const readRecorded = (redis: Redis, prefix: string): Promise<(string | null)[]> =>
  redis.hmget(recordedPausesKey(prefix), 'revision', 'mark').catch((error: unknown) => {
    if (corruptRecordOf(error, recordedPausesKey(prefix)) === undefined) throw error;
    return [];
  });

/** Writes the pause of a change that S3 holds in the place of the one that was seen. @returns false when it is another by now, or a later revision is known. */
export async function applyPauses(
  redis: Redis,
  prefix: string,
  { revision, operator, seen }: { revision: number; operator: OperatorPause | undefined; seen: string },
): Promise<boolean> {
  const stored = operator === undefined ? null : JSON.stringify({ reason: operator.reason, since: operator.since });
  return (await applyPausesScript.run(redis, pauseKey(prefix), [prefix, revision, seen, markOf(stored)])) === 1;
}
