import { hasCode, type GenerationView } from '@darkroom/contracts';
import type { ListPlace } from '@darkroom/generation-store';
import { orName } from './name-corrupt.ts';
import type { Pass } from './pass.ts';
import type { Reconciler } from './ports.ts';

const PAGE = 100;

/**
 * Looks in S3 for each image that Redis shows as kept: a bucket that was restored from a copy lacks the younger ones. It asks S3 once for each
 * generation, so only an operator asks for it. It names what is missing, and buys nothing: the image was paid for, and Redis says so.
 */
export async function lookAtImages(pass: Pass): Promise<void> {
  const { archive, generations, settings } = pass.reconciler;
  let after: ListPlace | undefined;
  do {
    const page = await generations.list({ statuses: ['running', 'succeeded', 'partial', 'failed', 'cancelled', 'expired'] }, PAGE, after);
    const withImages = page.generations.filter(({ images }) => images.includes('succeeded'));
    await Promise.all(
      withImages.map(({ generationId }) =>
        orName(pass, { generationId }, async () => {
          const there = await archive.listImagesOf(generationId);
          // Read after S3: a caller may have erased it meanwhile, and what is kept now was not there at the listing.
          const missing = indexesOf(await findKept(generations, generationId)).filter(
            (index) => !there.some((image) => image.index === index),
          );
          if (missing.length === 0 || (await archive.listImagesOf(generationId)).length > there.length) return;
          const isKnown = (await archive.listRecordsOf(generationId)).length > 0;
          for (const index of missing)
            pass.found(
              'image-missing',
              { generationId, index, detail: isKnown ? 'S3 has its records' : 'S3 lacks its records, too' },
              'named',
            );
        }),
      ),
    );
    after = page.next;
    await pass.checkpoint(page.generations.length, settings.storedPerSecond);
  } while (after !== undefined);
}

/** Reads a generation; undefined for one that was erased, whose images may be gone. */
const findKept = (generations: Reconciler['generations'], generationId: string): Promise<GenerationView | undefined> =>
  generations.find(generationId).catch((error: unknown) => {
    if (hasCode(error, 'generation.erased')) return undefined;
    throw error;
  });

const indexesOf = (view: GenerationView | undefined): number[] =>
  (view?.images ?? []).filter(({ status }) => status === 'succeeded').map(({ index }) => index);
