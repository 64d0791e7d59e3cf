import { describeCaps, formatUsd, LocalStackError, type NanoUsd, type SpendCaps } from '@darkroom/contracts';
import { changeCaps, restoreCaps, type KeptSettings } from '@darkroom/recovery';

/**
 * Lowers the daily cap of an existing store before a worker continues with its queue. A new store gets its cap from its first worker.
 * @returns the caps before and after, in words; undefined if they did not change.
 */
export async function lowerCap(settings: KeptSettings, capNanoUsd: NanoUsd): Promise<string | undefined> {
  const known = await restoreCaps(settings);
  return known.kind === 'absent' || known.value.allPerDay <= capNanoUsd ? undefined : setCap(settings, capNanoUsd);
}

/** Sets the daily cap of this start. @returns the caps before and after, in words; undefined if they did not change. @throws LocalStackError */
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
