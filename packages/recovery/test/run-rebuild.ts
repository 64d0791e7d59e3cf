import { randomUUID } from 'node:crypto';
import { rebuild, type RebuildOptions, type RebuildOutcome, type Recovery } from '../src/index.ts';
import type { World } from './world.ts';

export const DAY_MS = 86_400_000;

/** Rebuilds the store of a world as the command does. @param parts Parts of the world that others take the place of. */
export const runRebuild = (
  world: Pick<World, 'recovery' | 'store'>,
  given: Partial<RebuildOptions> = {},
  parts: Partial<Recovery> & { store?: Partial<World['store']> } = {},
): Promise<RebuildOutcome> =>
  rebuild(
    { ...world.recovery, ...parts, store: { ...world.store, ...parts.store } },
    {
      days: 35,
      keptMs: 7 * DAY_MS,
      skipDamaged: false,
      createId: randomUUID,
      signal: new AbortController().signal,
      onProgress: () => undefined,
      ...given,
    },
  );
