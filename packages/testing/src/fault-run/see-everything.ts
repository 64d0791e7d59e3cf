import { isFinalGeneration } from '@darkroom/contracts';
import type { Producer } from '@darkroom/producer';
import { createImages } from '@darkroom/producer/images';
import type { Stack } from '../fleet/stack.ts';
import type { NoteSeen } from '../judge/seen.ts';
import type { PlacedOrder } from './caller.ts';

/**
 * Looks at each generation that may have withheld images, and at the lists of all, as callers can: every view, URL and page is written down for
 * the judge. Generations that are gone or erased show nothing.
 */
export async function seeEverything(
  { producer, s3, seen }: { producer: Producer; s3: Stack['s3']; seen: NoteSeen },
  orders: readonly PlacedOrder[],
): Promise<void> {
  const { endpoint, region, bucket, credentials } = s3;
  const images = createImages({ endpoint, region, bucket, credentials });
  try {
    for (const id of orders.flatMap(({ ids, withholds }) => (withholds === true ? ids : []))) {
      const view = await producer.get(id).catch(() => undefined);
      if (view === undefined) continue;
      seen('get', view);
      if (!isFinalGeneration(view.status)) continue;
      for (const { index } of view.images) seen('url', await urlOf(() => images.image(view, index).url()));
      seen('response', await images.toRunwareResponse(view).catch(String));
    }
    for (let cursor: string | undefined, more = true; more;) {
      const page = await producer.list({ limit: 100, ...(cursor !== undefined && { cursor }) });
      seen('list', page.generations);
      cursor = page.nextCursor;
      more = cursor !== undefined;
    }
  } finally {
    images.close();
  }
}

/** Returns the URL, or why there is none. */
async function urlOf(ask: () => Promise<unknown>): Promise<unknown> {
  try {
    return await ask();
  } catch (error) {
    return String(error);
  }
}
