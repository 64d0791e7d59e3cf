import { exampleRequests, isFinalGeneration, type GenerationView } from '@darkroom/contracts';
import type { Producer } from '@darkroom/producer';
import type { Terminal } from '../terminal.ts';
import { createProgress } from './progress.ts';
import { describeStanding } from './status-words.ts';

/** Long enough for a provider that was made slow on purpose (FAULTS), short enough to be told. */
const WAIT_LIMIT_MS = 180_000;

/**
 * Enqueues the three examples of the model's page and shows how they come home. When it cannot go on, those that were not sent yet
 * are cancelled: nobody wants to pay later for what is not waited for any more.
 * @throws whatever the producer throws; the reason of `signal` when it is aborted.
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
