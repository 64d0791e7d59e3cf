import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { turnKey } from '../keys.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { prelude } from '../lua/prelude.ts';

/**
 * Takes or keeps a turn: no other holder has it for that time. Replies 1 if the caller has it. A turn that stands longer than any that is
 * given is taken: Redis came back on a host whose clock is behind, where the end of the turn lies in the future.
 */
const takeTurnScript = createNamedScript(['holder', 'forMs'])(/* lua */ `${prelude}
local present = redis.call('GET', KEYS[1])
local isInTime = redis.call('PTTL', KEYS[1]) <= tonumber(forMs)
if present and present ~= holder and isInTime then return 0 end
redis.call('SET', KEYS[1], holder, 'PX', forMs)
return 1
`);

/** Gives a turn back, if the caller still has it. */
const endTurnScript = createNamedScript(['holder'])(/* lua */ `${prelude}
if redis.call('GET', KEYS[1]) == holder then return redis.call('DEL', KEYS[1]) end
return 0
`);

/** The turn of the one reconciler of a fleet. */
export const RECONCILE_TURN = 'reconcile';

/**
 * Takes or keeps a turn: true for one holder of the fleet in each stretch of time.
 * @param forMs Time from now on in which no other holder gets this turn.
 * @param holder Keeps the turn by claiming it again; without one no call keeps it.
 */
export const claimTurn = async (
  redis: Redis,
  prefix: string,
  name: string,
  forMs: number,
  holder: string = randomUUID(),
): Promise<boolean> => (await takeTurnScript.run(redis, turnKey(prefix, name), prefix, { holder, forMs })) === 1;

/** Gives a turn back, if the holder still has it. */
export const endTurn = async (redis: Redis, prefix: string, name: string, holder: string): Promise<void> =>
  void (await endTurnScript.run(redis, turnKey(prefix, name), prefix, { holder }));
