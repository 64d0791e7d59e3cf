import { describeCaps, formatUsd, LocalStackError, type NanoUsd, type SpendCaps } from '@darkroom/contracts';
import { changeCaps, restoreCaps, type KeptSettings } from '@darkroom/recovery';

/**
 * Lowers the daily cap of a store that exists, before a worker goes on with what is queued in it. A new store gets its cap from its
 * first worker. @returns the caps before and after; undefined where they stay.
 */
export async function lowerCap(settings: KeptSettings, capNanoUsd: NanoUsd): Promise<string | undefined> {
  const known = await restoreCaps(settings);
  return known.kind === 'absent' || known.value.allPerDay <= capNanoUsd ? undefined : setCap(settings, capNanoUsd);
}

/** Makes the daily cap the one that was named for this start. @returns the caps before and after; undefined where they stay. @throws LocalStackError */
export async function setCap(settings: KeptSettings, capNanoUsd: NanoUsd): Promise<string | undefined> {
  const changed = await changeCaps(settings, { allPerDay: capNanoUsd });
  switch (changed.kind) {
    case 'changed':
      return `the caps of this store were ${wordsOf(changed.before)}, and are ${describeCaps(changed.after)}`;
    case 'unchanged':
      return undefined;
    case 'recovering':
    case 'incomplete':
      throw new LocalStackError(
        `nothing was ordered: the daily cap of this store could not be set to ${formatUsd(capNanoUsd)} USD (${changed.kind}); start again`,
      );
    default:
      return changed satisfies never;
  }
}

const wordsOf = (caps: SpendCaps | undefined): string => (caps === undefined ? 'none' : describeCaps(caps));
