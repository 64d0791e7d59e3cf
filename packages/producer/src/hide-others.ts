import { formatUsd, SpendCapError } from '@darkroom/contracts';
import type { GenerationStore } from '@darkroom/generation-store';

/** Periods of the caps of all tenants together, as `details.period` names them. */
const OF_ALL = 'all:';

/** Takes what other tenants have spent out of the errors of a producer that is bound to one. */
export const hideOthers = (store: Pick<GenerationStore, 'enqueue'>): Pick<GenerationStore, 'enqueue'> => ({
  async enqueue(generation) {
    try {
      return await store.enqueue(generation);
    } catch (error) {
      const period = error instanceof SpendCapError ? String(error.details['period']) : '';
      if (!(error instanceof SpendCapError) || !period.startsWith(OF_ALL)) throw error;
      const { generationId, imageNanoUsd, request } = generation;
      throw new SpendCapError(
        `generation "${generationId}" would cost up to ${formatUsd(imageNanoUsd * request.numberResults)} USD, and the store's cap "${period}" is reached; it resets at ${new Date(error.resetsAt).toISOString()}; nothing was queued or bought`,
        error.resetsAt,
        { details: { period } },
      );
    }
  },
});
