import { CorruptRecordError, hasCode, isGenerationId } from '@darkroom/contracts';
import type { DueErasure, ErasingStore } from '@darkroom/generation-store';
import { explainShortly, type Logger } from '@darkroom/service-runtime';
import { eraseGeneration, type ErasingParts } from './erase-generation.ts';
import { inLanes } from './in-lanes.ts';

/** Sweeps of a page. */
const PAGE = 100;
/** Errors that concern one generation alone. */
const damage = ['storage.corrupt-record', 'store.corrupt-record', 'request.invalid'] as const;
/** Sweeps of the same moment: each waits for S3 most of its time. */
const LANES = 8;

export interface SweepParts extends ErasingParts {
  store: ErasingParts['store'] & Pick<ErasingStore, 'readDueErasures' | 'postponeSweep' | 'dropErasure'>;
  logger: Logger;
  signal: AbortSignal;
  /** Called with the number of images of each sweep. */
  onErased: (images: number) => void;
  /** Most sweeps of a page; 100 when absent. */
  sweptAtOnce?: number;
}

/**
 * Sweeps a page of the generations that are due, the longest due first. One with a damaged record is named and put off: it stops no other.
 * @returns true if more may be due.
 * @throws StorageError, or an error of Redis, if one of them is away.
 */
export async function sweepErasures(parts: SweepParts): Promise<boolean> {
  const { sweptAtOnce = PAGE } = parts;
  const due = await parts.store.readDueErasures(sweptAtOnce);
  await inLanes(due, LANES, (each) => sweep(parts, each));
  return due.length === sweptAtOnce;
}

async function sweep(parts: SweepParts, due: DueErasure): Promise<void> {
  const { store, logger, signal, onErased } = parts;
  const { generationId } = due;
  if (signal.aborted) return;
  // No key of S3 follows from it, and it would come first again and again.
  if (!isGenerationId(generationId)) {
    logger.warn({ event: 'erasure.dropped', generationId, kind: 'not-there' }, 'erased nothing');
    await store.dropErasure(due);
    return;
  }
  try {
    // A caller may ask once more: that begins anew.
    if (due.isDamaged) throw new CorruptRecordError(`the erasure of "${generationId}"`, 'nothing tells what was asked for');
    const swept = await eraseGeneration(parts, due);
    if (swept.kind === 'erased') onErased(swept.images);
    const event = swept.kind === 'erased' ? 'generation.erased' : 'erasure.dropped';
    logger.info({ event, generationId, ...swept }, swept.kind === 'erased' ? 'erased a generation' : 'erased nothing');
  } catch (error) {
    if (!damage.some((code) => hasCode(error, code))) throw error;
    logger.error({ event: 'erasure.failed', generationId, reason: explainShortly(error) }, 'could not erase a generation');
    await store.postponeSweep(due);
  }
}
