import { randomUUID } from 'node:crypto';
import { buildReadingStore, type ReadingStore } from '@darkroom/generation-store';
import { rebuild, type RebuildOptions, type RebuildOutcome, type Recovery } from '../src/index.ts';
import type { World } from './world.ts';

export const DAY_MS = 86_400_000;

/** Rebuilds the store of a world as the command does. @param parts Parts of the world that others take the place of. */
export const runRebuild = (
  world: Pick<World, 'recovery' | 'store' | 'storage' | 'prefix' | 'redis'>,
  given: Partial<RebuildOptions> = {},
  parts: Partial<Omit<Recovery, 'archive' | 'store'>> & { store?: Partial<World['store'] & ReadingStore>; archive?: World['storage'] } = {},
): Promise<RebuildOutcome> =>
  rebuild(
    {
      ...world.recovery,
      ...parts,
      archive: parts.archive ?? world.storage,
      store: { ...world.store, ...buildReadingStore(world, world.redis), ...parts.store },
    },
    {
      days: 35,
      keptMs: 7 * DAY_MS,
      skipDamaged: false,
      createId: randomUUID,
      signal: new AbortController().signal,
      onProgress: () => undefined,
      onSums: () => undefined,
      onOpened: () => Promise.resolve(),
      ...given,
    },
  );
