import { createJobCounts } from '@darkroom/queues';
import type { Metrics } from '@darkroom/service-runtime';
import type { Queue } from 'bullmq';

/** Adds the metrics of a dashboard: the jobs of the queues that it shows. Their meaning: docs/operations/metrics.md. */
export function addDashboardMetrics(metrics: Metrics, queues: readonly Queue[]): void {
  const jobCounts = createJobCounts(queues, () => performance.now());
  metrics.readGauge({ name: 'darkroom_jobs', help: 'Jobs by queue and state.', labels: ['queue', 'state'] }, async () =>
    (await jobCounts.read()).flatMap(({ queue, states }) =>
      Object.entries(states).map(([state, value]) => ({ labels: { queue, state }, value })),
    ),
  );
}
