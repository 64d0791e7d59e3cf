import { setTimeout as delay } from 'node:timers/promises';
import type { Producer } from '@darkroom/producer';
import type { PlacedOrder } from './caller.ts';
import type { Order } from './orders.ts';
import type { Operate } from './rules.ts';

export interface ReleaseParts {
  producer: Pick<Producer, 'get'>;
  signal: AbortSignal;
  operate: Operate;
}

const AGAIN_MS = 1000;
/** An operator gives up after so many tries: Redis may have lost the generation. */
const MOST_TRIES = 20;

/** Releases the withheld images of an order after its end, as often as it takes. The bucket holds each release, so the judge needs no answer. */
export async function releaseOrder({ producer, signal, operate }: ReleaseParts, order: Order, placed: PlacedOrder): Promise<void> {
  const generationId = placed.ids.at(-1);
  if (order.releasedAfterMs === undefined || placed.outcome !== 'final' || generationId === undefined) return;
  await delay(order.releasedAfterMs);
  for (let tries = 0; tries < MOST_TRIES && !signal.aborted; tries += 1) {
    // While Redis is away the operator sees nothing; an erased generation has nothing to release.
    const view = await producer.get(generationId).catch(() => undefined);
    const withheld = view?.images.filter((image) => image.withheld === true).map(({ index }) => index);
    if (withheld?.length === 0) return;
    for (const index of withheld ?? [])
      await operate(['release', generationId, String(index), '--reason', 'an operator of the fault run has seen it']);
    await delay(AGAIN_MS);
  }
}
