import type { StandingTombstone } from '@darkroom/generation-store';
import { dateOf } from '../listings.ts';
import { nameForeign } from './name-corrupt.ts';
import type { Pass } from './pass.ts';

const DAY_MS = 86_400_000;
/** Names of requests that one pass looks at: ten requests to S3, and as many for their images. */
const PAGE = 10_000;
const AT_ONCE = 100;

/**
 * Looks at the tombstones of older dates, a page in each thorough pass: where an image lies beside one, or Redis holds an entry that does not know
 * of its erasure, because it came back as it was before, the eraser sweeps once more. A tombstone beside which nothing is left costs its name.
 */
export async function lookAtOlderTombstones(pass: Pass): Promise<void> {
  const { archive, store, settings } = pass.reconciler;
  const oldest = dateOf(pass.startedAt - (settings.days - 1) * DAY_MS);
  const { date: fromDate = '', generationId: from } = pass.from.tombstones ?? {};
  // An operator's pass looks at everything.
  let left = settings.storedMs === Infinity ? Infinity : PAGE;
  let some: StandingTombstone[] = [];
  const note = async (): Promise<void> => {
    for (const generationId of some.length === 0 ? [] : await store.noteLeftTombstones(some))
      pass.found('erasure-forgotten', { generationId }, 'repaired');
    some = [];
    await pass.checkpoint();
  };
  for (const date of (await archive.listRecordDates()).filter((each) => each >= fromDate && each < oldest)) {
    const after = date === fromDate && from !== undefined ? { after: from } : {};
    const images = archive.listImagesOfDate(date, after);
    let image = await images.next();
    for await (const { generationId, standing, writtenAt } of archive.listRequestsOfDate(date, {
      ...after,
      onForeign: (key) => nameForeign(pass, key),
    })) {
      while (image.done !== true && image.value.generationId < generationId) image = await images.next();
      const hasImages = standing === 'tombstone' && image.value?.generationId === generationId;
      if (standing !== 'kept') some.push({ generationId, erasedAt: writtenAt, hasImages });
      if (some.length >= AT_ONCE) await note();
      left -= 1;
      if (left > 0) continue;
      await images.return();
      await note();
      pass.next.tombstones = { date, generationId };
      return;
    }
    await note();
  }
  delete pass.next.tombstones;
}
