import { exampleRequests, isFinalGeneration, type GenerationView } from '@darkroom/contracts';
import type { Producer } from '@darkroom/producer';
import type { Terminal } from '../terminal.ts';
import { createProgress } from './progress.ts';
import { describeStanding } from './status-words.ts';

/** Longest wait for one generation: enough for an emulator that was made slow on purpose (FAULTS). */
const WAIT_LIMIT_MS = 180_000;

/**
 * Enqueues the three examples of the model's page and shows their progress. After an error it cancels those that were not sent yet, so
 * that no image is bought later for which the user no longer waits.
 * @throws errors of the producer; the reason of `signal` when it is aborted.
 */
export async function orderExamples(producer: Producer, terminal: Terminal, signal: AbortSignal): Promise<GenerationView[]> {
  const titles = exampleRequests.map(({ title }) => title);
  const progress = createProgress(terminal, titles, () => performance.now());
  const ordered: string[] = [];
  try {
    return await Promise.all(
      exampleRequests.map(async ({ request }, index) => {
        signal.throwIfAborted();
        const { generationId } = await producer.enqueue(request);
        ordered.push(generationId);
        return producer.wait(generationId, {
          timeoutMs: WAIT_LIMIT_MS,
          signal,
          onProgress: (view) => progress.update(index, describeStanding(view), isFinalGeneration(view.status)),
        });
      }),
    );
  } catch (error) {
    await Promise.allSettled(ordered.map((generationId) => producer.cancel(generationId)));
    throw error;
  } finally {
    progress.close();
  }
}
