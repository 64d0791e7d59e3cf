import { taskUuidOf } from '@darkroom/contracts';
import type { GenerationStore } from '@darkroom/generation-store';

/** Buys and settles an image as a worker does, in few lines. */
export async function bringHome(store: GenerationStore, generationId: string, index = 0): Promise<void> {
  const ref = { generationId, index, n: 1 };
  const commitment = await store.commit(ref, `token-${Math.random()}`);
  if (commitment.kind === 'stop') throw new Error(`the commit was stopped: ${commitment.reason}`);
  await store.recordVerdict(ref, commitment.send, 'accepted');
  const { reservation } = commitment.intent;
  const image = {
    key: `images/${index}-1.jpg`,
    format: 'JPG' as const,
    contentType: 'image/jpeg',
    width: 1280,
    height: 896,
    sizeBytes: 1000,
    sha256: 'a'.repeat(64),
  };
  await store.settle(ref, {
    result: {
      version: 1,
      ...ref,
      taskUUID: taskUuidOf(ref),
      status: 'succeeded',
      settledAt: commitment.now,
      costNanoUsd: reservation.amountNanoUsd,
      costSource: 'reported',
      reservation,
      image,
    },
    code: '',
    countsAsFailure: false,
    mayResubmit: false,
    maxSubmissions: 2,
  });
}
