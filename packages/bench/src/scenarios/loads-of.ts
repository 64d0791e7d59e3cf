import type { DarkroomContestant, Figures } from '../contestants/contestant.ts';
import { readEndedChildrenMs, readProcessorMs } from '../measure/processor-time.ts';

/** Loads are those of so many generations. */
export const UNIT = 10_000;

/** Lets something work. @returns the CPU time of Redis and of the command for each `UNIT` of so many generations, and the time of all */
export async function loadsOf(work: string, { parts }: DarkroomContestant, count: number, act: () => Promise<unknown>): Promise<Figures> {
  const read = (): number[] => [readProcessorMs(parts['redis'] ?? 0), readEndedChildrenMs()];
  const [before, startedAt] = [read(), performance.now()];
  await act();
  const seconds = (performance.now() - startedAt) / 1000;
  const [redisMs = 0, commandMs = 0] = read().map((ms, at) => ((ms - (before[at] ?? 0)) * UNIT) / count);
  return { [`${work} redis ms`]: redisMs, ...(commandMs > 0 && { [`${work} command ms`]: commandMs }), [`${work} s`]: seconds };
}
