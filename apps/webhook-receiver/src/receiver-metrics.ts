import { labelSets, type Metrics } from '@darkroom/service-runtime';
import type { Counts } from './counts.ts';

/** Bounds of the histogram: a delivery is kept within milliseconds, or given up after the second that the store has. */
const REQUEST_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

/** Values of the labels: outcomes of a delivery, outcomes of a wake, reasons of a refusal. */
const deliveryKinds = ['recorded', 'duplicate', 'overflow', 'unknown-submission', 'malformed', 'foreign-task', 'unavailable'];
const wakeKinds = ['woken', 'ensured', 'pending', 'failed'];
const refusalReasons = ['missing', 'malformed', 'unknown-key', 'forged', 'expired'];

/**
 * Adds the metrics of a receiver: its counts, its requests, and the last sign of life of a worker, which no worker can tell when all are gone.
 * Their meaning: docs/operations/metrics.md.
 */
export function createReceiverMetrics(metrics: Metrics, counts: Counts, readWorkerSeen?: () => Promise<number>) {
  if (readWorkerSeen !== undefined) {
    metrics.readGauge(
      { name: 'darkroom_worker_seen_time_seconds', help: 'Last sign of life of a worker, in seconds since 1970; 0 without one.' },
      async () => [{ labels: {}, value: (await readWorkerSeen()) / 1000 }],
    );
  }

  /** Reads the counts whose names begin with the prefix, labelled with the rest of the name. */
  const readCounts = <Label extends string>(prefix: string, label: Label) =>
    Object.entries(counts.all())
      .filter(([name]) => name.startsWith(prefix))
      // one label, whose name is `label`
      .map(([name, value]) => ({ labels: { [label]: name.slice(prefix.length) } as Record<Label, string>, value }));

  metrics.readCounter(
    {
      name: 'darkroom_deliveries_total',
      help: 'Deliveries with a valid capability, by outcome.',
      labels: ['kind'],
      known: labelSets({ kind: deliveryKinds }),
    },
    () => readCounts('delivery.', 'kind'),
  );
  metrics.readCounter(
    {
      name: 'darkroom_delivery_refusals_total',
      help: 'Refused deliveries, by reason.',
      labels: ['reason'],
      known: labelSets({ reason: refusalReasons }),
    },
    () => readCounts('refused.', 'reason'),
  );
  metrics.readCounter(
    {
      name: 'darkroom_wakes_total',
      help: 'Wakes of settlements, by outcome.',
      labels: ['kind'],
      known: labelSets({ kind: wakeKinds }),
    },
    () => readCounts('wake.', 'kind'),
  );
  return {
    webhookRequest: metrics.histogram({
      name: 'darkroom_webhook_request_seconds',
      help: 'Duration of requests to the webhook path, by status.',
      labels: ['status'],
      known: labelSets({ status: ['200', '400', '401', '404', '405', '413', '500', '503'] }),
      buckets: REQUEST_SECONDS,
    }),
  };
}
