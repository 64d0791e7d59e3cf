import { createWrongClock, type WrongClock } from '../fleet/wrong-clock.ts';
import { createDraws } from '../named-draws.ts';
import type { FaultRunSettings } from './settings.ts';

/** Error of a wrong clock. Up to a minute its process keeps running; beyond that it is not ready. */
const WRONG_CLOCK_MS = 40_000;

/** The wrong clocks of a run. */
export interface Clocks extends AsyncDisposable {
  /** Number of processes with a wrong clock. */
  readonly wrong: number;
  /** Returns the environment variables that give a process its clock. */
  envOf(name: string): Readonly<Record<string, string>>;
}

/**
 * Returns how far the clock of each process is ahead of the true time, in milliseconds, by name. The first worker and the first receiver
 * are right; at least one of the second ones is wrong.
 */
export function deriveClockOffsets({
  seed,
  workers,
  receivers,
}: Pick<FaultRunSettings, 'seed' | 'workers' | 'receivers'>): Map<string, number> {
  const draws = createDraws(seed, 'clocks');
  const wrong = [WRONG_CLOCK_MS, -WRONG_CLOCK_MS] as const;
  const drawn = (name: string): number => draws.of(name).pick('offset', [0, ...wrong]);
  const names = Object.entries({ worker: workers, receiver: receivers }).flatMap(([kind, count]) =>
    Array.from({ length: count }, (_, at) => `${kind}-${at}`).slice(1),
  );
  const offsets = new Map<string, number>(names.map((name) => [name, drawn(name)]));
  // Drawn from the second ones only, so that more processes change no other clock.
  const seconds = ['worker-1', 'receiver-1'].filter((name) => offsets.has(name));
  const [first] = seconds;
  if (first !== undefined && seconds.every((name) => offsets.get(name) === 0))
    offsets.set(first, draws.of(first).pick('forced-offset', wrong));
  return offsets;
}

/** Creates the clocks of a run, before its processes start. */
export async function createClocks(settings: Pick<FaultRunSettings, 'seed' | 'workers' | 'receivers'>): Promise<Clocks> {
  const clocks = new Map<string, WrongClock>();
  for (const [name, offsetMs] of deriveClockOffsets(settings)) if (offsetMs !== 0) clocks.set(name, await createWrongClock(offsetMs));
  return {
    wrong: clocks.size,
    envOf: (name) => clocks.get(name)?.env ?? {},
    [Symbol.asyncDispose]: async () => {
      for (const clock of clocks.values()) await clock[Symbol.asyncDispose]();
    },
  };
}
