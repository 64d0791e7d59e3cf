import { createMetrics, createPulse } from '@darkroom/service-runtime';
import { startConsuming, type ConsumeDependencies, type ConsumeOptions } from '../src/consume.ts';
import { createWorkerMetrics } from '../src/metrics/worker-metrics.ts';
import type { WatchedWorker } from '../src/watched-worker.ts';

export type TestParts = Pick<ConsumeDependencies, 'purchase' | 'submissions' | 'settlements' | 'logger'>;

/** Starts the loops of a worker around a test's purchase; no delivery comes, and no signal hurries the loops. */
export const startWorkers = (options: ConsumeOptions, parts: TestParts): readonly WatchedWorker[] =>
  startConsuming(options, {
    ...parts,
    newestDelivery: () => Promise.resolve(0),
    hurry: new AbortController().signal,
    pulse: createPulse({ isExpected: () => true }),
    metrics: createWorkerMetrics(createMetrics({ process: 'test' })),
  }).workers;
