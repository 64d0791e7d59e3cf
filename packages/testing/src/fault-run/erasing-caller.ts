import { setTimeout as delay } from 'node:timers/promises';
import { hasCode } from '@darkroom/contracts';
import type { Producer } from '@darkroom/producer';
import type { PlacedOrder } from './caller.ts';
import type { Order } from './orders.ts';

/** Number of erasures by what became of the call. */
export interface ErasureCounts {
  asked: number;
  /** Callers that were told "erased". */
  erased: number;
  /** Requests that Redis lost, so that their callers asked again. */
  lost: number;
}

export interface EraseParts {
  producer: Pick<Producer, 'erase' | 'erasure'>;
  signal: AbortSignal;
  counts: ErasureCounts;
}

const AGAIN_MS = 100;
/** A generation that so many requests did not find is lost, and its caller wanted it no more. */
const MOST_REQUESTS = 20;

/** Erases the generation of an order, and asks until it is erased, as docs/operations/erasure.md advises callers. */
export async function eraseOrder(parts: EraseParts, { erases, tenant }: Order, placed: PlacedOrder): Promise<void> {
  const { producer, signal, counts } = parts;
  if (erases === undefined) return;
  // What is enqueued after a request to erase does not belong to it.
  while (placed.enqueuedAt === undefined && placed.outcome === 'open' && !signal.aborted) await delay(AGAIN_MS);
  await delay(erases.afterMs);
  const generationId = placed.ids.at(-1);
  if (generationId === undefined || placed.enqueuedAt === undefined) return;
  // A caller who cancels no longer wants the images.
  if (erases.cancel && placed.outcome === 'open') placed.cancelledAt = Date.now();
  const ask = async (): Promise<string> => {
    counts.asked += 1;
    if (erases.by === 'id') return (await producer.erase(generationId, { cancel: erases.cancel })).generationId;
    return (await producer.erase({ tag: erases.words, tenant }, { cancel: erases.cancel })).erasureId;
  };
  let erasure: string | undefined;
  for (let requests = 0; !signal.aborted && requests < MOST_REQUESTS;) {
    try {
      if (erasure === undefined) {
        requests += 1;
        erasure = await ask();
      }
      const found = await producer.erasure(erasure);
      if (found.status === 'erased' && 'left' in found && found.left > 0) erasure = undefined;
      else if (found.status === 'erased') {
        placed.erasedWords = erases.words;
        counts.erased += 1;
        return;
      }
    } catch (error) {
      if (hasCode(error, 'generation.not-found')) {
        if (erasure !== undefined) counts.lost += 1;
        erasure = undefined;
      } else if (!hasCode(error, 'queue.unavailable') && !hasCode(error, 'store.not-initialised') && !hasCode(error, 'generation.open')) {
        placed.surprise = error instanceof Error ? error.message : String(error);
        return;
      }
    }
    await delay(AGAIN_MS);
  }
}
