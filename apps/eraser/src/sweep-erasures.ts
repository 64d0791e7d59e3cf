import { hasCode } from '@darkroom/contracts';
import type { ErasingStore } from '@darkroom/generation-store';
import { explainShortly, type Logger } from '@darkroom/service-runtime';
import { eraseGeneration, type ErasingParts } from './erase-generation.ts';

const AT_ONCE = 100;

export interface SweepParts extends ErasingParts {
  store: ErasingParts['store'] & Pick<ErasingStore, 'readDueErasures'>;
  logger: Logger;
  signal: AbortSignal;
  /** Called with the number of images of each sweep. */
  onErased: (images: number) => void;
}

/**
 * Sweeps the generations that are due, until none is. One with a corrupt record is named and left for the next round: it stops no other.
 * @throws StorageError, or an error of Redis, if one of them is away.
 */
export async function sweepErasures(parts: SweepParts): Promise<void> {
  const { store, logger, signal, onErased } = parts;
  const failed = new Set<string>();
  for (;;) {
    const due = (await store.readDueErasures(AT_ONCE)).filter(({ generationId }) => !failed.has(generationId));
    if (due.length === 0) return;
    for (const each of due) {
      if (signal.aborted) return;
      const { generationId } = each;
      try {
        const swept = await eraseGeneration(parts, each);
        if (swept.kind === 'erased') onErased(swept.images);
        const event = swept.kind === 'erased' ? 'generation.erased' : 'erasure.dropped';
        logger.info({ event, generationId, ...swept }, swept.kind === 'erased' ? 'erased a generation' : 'erased nothing');
      } catch (error) {
        if (!hasCode(error, 'storage.corrupt-record') && !hasCode(error, 'request.invalid')) throw error;
        failed.add(generationId);
        logger.error({ event: 'erasure.failed', generationId, reason: explainShortly(error) }, 'could not erase a generation');
      }
    }
  }
}
