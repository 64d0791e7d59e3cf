import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { FailOverRedis } from '../fleet/fail-over-redis.ts';
import type { Stack } from '../fleet/stack.ts';
import type { Fault } from './schedule.ts';

/** The longest time until a worker has written an answer down; a rollback after that time loses more than the answer. */
const HEARD_WITHIN_MS = 100;
const LOOK_EVERY_MS = 50;

interface GoBackSurroundings {
  stack: Pick<Stack, 'billFile'>;
  redis: FailOverRedis;
  /** Makes the provider refuse sends with 429 far more often, or as often as before. */
  refuseMore: (isOn: boolean) => Promise<void>;
  signal: AbortSignal;
}

/**
 * Waits for a 429 and takes Redis back to a moment before it. Once half of the time has passed without one, the provider refuses more often.
 * @returns whether it did; false when no 429 came in time.
 */
export async function goBackAfter429(
  { stack: { billFile }, redis, refuseMore, signal }: GoBackSurroundings,
  { withinMs, freshMs, downMs }: Extract<Fault, { kind: 'redis-rollback-after-429' }>,
): Promise<boolean> {
  const pause = (ms: number): Promise<void> => delay(ms, undefined, { signal }).catch(() => undefined);
  const startedAt = performance.now();
  const isTime = (): boolean => performance.now() < startedAt + withinMs && !signal.aborted;
  let putBack = await redis.copyData();
  let [known, copiedAt] = [await countLimited(billFile), performance.now()];
  let [refusesMore, hasCome] = [false, false];
  while (!hasCome && isTime()) {
    await pause(LOOK_EVERY_MS);
    if (!refusesMore && performance.now() > startedAt + withinMs / 2) refusesMore = await does(() => refuseMore(true));
    hasCome = (await countLimited(billFile)) > known;
    // Again and again, or a 429 that comes late would take back all that was done since the fault began.
    if (hasCome || performance.now() < copiedAt + freshMs) continue;
    [known, copiedAt] = [await countLimited(billFile), performance.now()];
    putBack = await redis.copyData();
  }
  const struck = hasCome;
  // Until the worker has read the answer and Redis knows it.
  if (struck) await pause(HEARD_WITHIN_MS);
  if (struck) await redis.kill();
  while (refusesMore && !(await does(() => refuseMore(false)))) await delay(LOOK_EVERY_MS);
  if (!struck) return false;
  await putBack();
  await pause(downMs);
  await redis.start();
  return true;
}

/** @returns whether it was done; false while the emulator is away. */
const does = (work: () => Promise<void>): Promise<boolean> =>
  work().then(
    () => true,
    () => false,
  );

/** Returns the number of sends that the provider refused with 429, from its bill. */
const countLimited = async (billFile: string): Promise<number> => (await readFile(billFile, 'utf8')).split('"httpStatus":429').length - 1;
