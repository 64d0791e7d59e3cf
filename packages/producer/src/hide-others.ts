import { formatUsd, QueueFullError, SpendCapError } from '@darkroom/contracts';
import type { GenerationStore, NewGeneration } from '@darkroom/generation-store';

type Orders = Pick<GenerationStore, 'enqueue' | 'retry'>;

/** Periods of the caps of all tenants together, as `details.period` names them. */
const OF_ALL = 'all:';

/** Takes what other tenants have spent, and have open, out of the errors of a producer that is bound to one. */
export const hideOthers = (store: Orders): Orders => ({
  enqueue: (generation) => hidden(generation, () => store.enqueue(generation)),
  retry: (retry) => hidden(retry, () => store.retry(retry)),
});

async function hidden<Receipt>({ generationId, imageNanoUsd, request }: NewGeneration, order: () => Promise<Receipt>): Promise<Receipt> {
  try {
    return await order();
  } catch (error) {
    if (error instanceof QueueFullError && error.bound === 'openImages') {
      throw new QueueFullError(generationId, request.numberResults, { bound: error.bound, neverFits: !error.retryable });
    }
    const period = error instanceof SpendCapError ? String(error.details['period']) : '';
    if (!(error instanceof SpendCapError) || !period.startsWith(OF_ALL)) throw error;
    throw new SpendCapError(
      `generation "${generationId}" would cost up to ${formatUsd(imageNanoUsd * request.numberResults)} USD, and the store's cap "${period}" is reached; it resets at ${new Date(error.resetsAt).toISOString()}; nothing was queued or bought`,
      error.resetsAt,
      { details: { period } },
    );
  }
}
