import type { GenerationPicture } from '@darkroom/generation-store';
import { PassStopped, type Pass } from './pass.ts';

/**
 * Repairs the entry of a generation, and returns it.
 * @returns undefined without an entry.
 */
export async function mendGeneration({ reconciler, holder, found }: Pass, generationId: string): Promise<GenerationPicture | undefined> {
  const reply = await reconciler.store.mend(generationId, holder);
  switch (reply.kind) {
    case 'no-turn':
      throw new PassStopped('another pass has the turn');
    case 'no-record':
      return undefined;
    case 'found':
      for (const { kind, ...where } of reply.mended) found(kind, { generationId, ...where }, 'repaired');
      return reply.picture;
    default:
      return reply satisfies never;
  }
}
