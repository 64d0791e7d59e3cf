import { generationStatuses, isFinalGeneration } from '@darkroom/contracts';
import { refusalCodes, type GenerationStore } from '@darkroom/generation-store';
import { createRisingTotals, labelSets, type Metrics } from '@darkroom/service-runtime';

const notHere = ['lost', 'unknown'] as const;

/**
 * Adds counters that Redis keeps. A process loses its own counts when it ends, and Prometheus scrapes no caller. Every worker tells the same.
 */
export function addStoreTotals(metrics: Metrics, store: Pick<GenerationStore, 'totals'>): void {
  const rising = createRisingTotals();
  metrics.readCounter(
    {
      name: 'darkroom_generations_ended_total',
      help: 'Generations that ended, by final status.',
      labels: ['status'],
      known: labelSets({ status: generationStatuses.filter(isFinalGeneration) }),
    },
    async () => {
      const { ended } = await store.totals();
      return Object.entries(ended).map(([status, total]) => ({ labels: { status }, value: rising.follow(`ended:${status}`, total) }));
    },
  );
  metrics.readCounter(
    {
      name: 'darkroom_enqueues_refused_total',
      help: 'Refused enqueues and retries, by the code of the error.',
      labels: ['code'],
      known: labelSets({ code: refusalCodes }),
    },
    async () => {
      const { refused } = await store.totals();
      return Object.entries(refused).map(([code, total]) => ({ labels: { code }, value: rising.follow(`refused:${code}`, total) }));
    },
  );
  metrics.readCounter(
    {
      name: 'darkroom_paid_not_here_total',
      help: 'Submissions that are paid, or may be, and brought no image, by status.',
      labels: ['status'],
      known: labelSets({ status: notHere }),
    },
    async () => {
      const totals = await store.totals();
      return notHere.map((status) => ({ labels: { status }, value: rising.follow(`not-here:${status}`, totals.notHere[status]) }));
    },
  );
}
