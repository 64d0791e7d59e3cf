import type { DarkroomContestant, Figures } from '../contestants/contestant.ts';
import { readEndedChildrenMs, readProcessorMs } from '../measure/processor-time.ts';

/** Loads are those of so many generations. */
export const UNIT = 10_000;

/** Runs `act`. @returns CPU milliseconds of Redis and of the commands it started, for each `UNIT` of `count` generations, and its seconds. */
export async function measureLoads(
  work: string,
  { parts }: DarkroomContestant,
  count: number,
  act: () => Promise<unknown>,
): Promise<Figures> {
  const read = (): number[] => [readProcessorMs(parts['redis'] ?? 0), readEndedChildrenMs()];
  const [before, startedAt] = [read(), performance.now()];
  await act();
  const seconds = (performance.now() - startedAt) / 1000;
  const [redisMs = 0, commandMs = 0] = read().map((ms, at) => ((ms - (before[at] ?? 0)) * UNIT) / count);
  return { [`${work} redis ms`]: redisMs, ...(commandMs > 0 && { [`${work} command ms`]: commandMs }), [`${work} s`]: seconds };
}
