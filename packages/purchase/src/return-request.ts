import type { SubmissionRef } from '@darkroom/contracts';
import type { Purchase } from './purchase.ts';

/**
 * Brings back the request that Redis has lost of a generation, as far as S3 holds it under its own key. If it does not, only the reconciler ends
 * the generation: it also asks the intents of earlier versions, and looks twice.
 */
export async function returnRequest({ store, archive, around }: Purchase, ref: SubmissionRef): Promise<void> {
  const { generationId } = ref;
  const found = await archive.findRequest(generationId);
  switch (found.kind) {
    case 'found': {
      const reply = await store.returnRequest(generationId, found.kept);
      around.log(reply === 'returned' ? 'submission.request-returned' : 'submission.request-missing', ref);
      return;
    }
    case 'erased':
      await store.forgetRequest(generationId);
      return;
    case 'missing':
      around.log('submission.request-missing', ref);
      return;
    default:
      return found satisfies never;
  }
}
