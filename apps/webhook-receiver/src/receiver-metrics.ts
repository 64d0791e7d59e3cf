import { labelSets, type Metrics } from '@darkroom/service-runtime';
import type { Counts } from './counts.ts';

/** A delivery is kept in milliseconds, and given up after the second that the store has. */
const REQUEST_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

/** What becomes of a delivery, and of the settlement that it wakes; and why one is refused. */
const deliveryKinds = ['recorded', 'duplicate', 'overflow', 'unknown-submission', 'malformed', 'foreign-task', 'unavailable'];
const wakeKinds = ['woken', 'ensured', 'pending', 'failed'];
const refusalReasons = ['missing', 'malformed', 'unknown-key', 'forged', 'expired'];

/** What a receiver measures: what it counts anyway, and its requests. Names and meaning: docs/operations/metrics.md. */
export function createReceiverMetrics(metrics: Metrics, counts: Counts) {
  /** The counts whose names start so, by what follows. */
  const readCounts = <Label extends string>(prefix: string, label: Label) =>
    Object.entries(counts.all())
      .filter(([name]) => name.startsWith(prefix))
      // one label, whose name is `label`
      .map(([name, value]) => ({ labels: { [label]: name.slice(prefix.length) } as Record<Label, string>, value }));

  metrics.readCounter(
    {
      name: 'darkroom_deliveries_total',
      help: 'Deliveries with a good capability, by what became of them.',
      labels: ['kind'],
      known: labelSets({ kind: deliveryKinds }),
    },
    () => readCounts('delivery.', 'kind'),
  );
  metrics.readCounter(
    {
      name: 'darkroom_delivery_refusals_total',
      help: 'Deliveries refused, by reason.',
      labels: ['reason'],
      known: labelSets({ reason: refusalReasons }),
    },
    () => readCounts('refused.', 'reason'),
  );
  metrics.readCounter(
    {
      name: 'darkroom_wakes_total',
      help: 'Settlements woken, by what was found.',
      labels: ['kind'],
      known: labelSets({ kind: wakeKinds }),
    },
    () => readCounts('wake.', 'kind'),
  );
  return {
    webhookRequest: metrics.histogram({
      name: 'darkroom_webhook_request_seconds',
      help: 'How long requests to the webhook path took, by status.',
      labels: ['status'],
      known: labelSets({ status: ['200', '400', '401', '404', '405', '413', '500', '503'] }),
      buckets: REQUEST_SECONDS,
    }),
  };
}
