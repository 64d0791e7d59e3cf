import { createJobCounts } from '@darkroom/queues';
import type { Metrics } from '@darkroom/service-runtime';
import type { Queue } from 'bullmq';

/** What a dashboard measures: the queues that it shows. Names and meaning: docs/operations/metrics.md. */
export function addDashboardMetrics(metrics: Metrics, queues: readonly Queue[]): void {
  const jobCounts = createJobCounts(queues, () => performance.now());
  metrics.readGauge({ name: 'darkroom_jobs', help: 'Jobs by queue and state.', labels: ['queue', 'state'] }, async () =>
    (await jobCounts.read()).flatMap(({ queue, states }) =>
      Object.entries(states).map(([state, value]) => ({ labels: { queue, state }, value })),
    ),
  );
}
