import { disabledReasons } from '@darkroom/contracts';
import type { EndpointCounts, NotificationStore } from '@darkroom/generation-store';
import type { Notifications } from '@darkroom/queues';
import { labelSets, type Counter, type Metrics } from '@darkroom/service-runtime';

const results = ['2xx', '3xx', '4xx', '5xx', 'none', 'timeout', 'address-refused'] as const;
const states = ['delivered', 'failed', 'dropped'] as const;

export interface NotifierMetrics {
  attempts: Counter<'result'>;
  ended: Counter<'state'>;
  disabled: Counter<'reason'>;
}

/** Time for which a count of all endpoints holds: scrapes are many, and each count reads every endpoint. */
const COUNTED_FOR_MS = 60_000;

/** Creates the metrics of a notifier. Their meaning: docs/operations/metrics.md. */
export function createNotifierMetrics(
  metrics: Metrics,
  store: Pick<NotificationStore, 'countEndpoints'>,
  { queue }: Pick<Notifications, 'queue'>,
  now: () => number,
): NotifierMetrics {
  const countEndpoints = keepFor(COUNTED_FOR_MS, () => store.countEndpoints(), now);
  metrics.readGauge(
    { name: 'darkroom_notifications', help: 'Notifications that are not ended, by state of their job.', labels: ['state'] },
    async () =>
      Object.entries(await queue.getJobCounts('waiting', 'active', 'delayed')).map(([state, value]) => ({ labels: { state }, value })),
  );
  metrics.readGauge(
    { name: 'darkroom_webhook_endpoints_disabled', help: 'Endpoints that are switched off, by reason.', labels: ['reason'] },
    async () => {
      const { disabled } = await countEndpoints();
      return disabledReasons.map((reason) => ({ labels: { reason }, value: disabled[reason] ?? 0 }));
    },
  );
  metrics.readGauge(
    { name: 'darkroom_webhook_endpoints_unreadable', help: 'Endpoints, and changes of endpoints, that cannot be read.' },
    async () => [{ labels: {}, value: (await countEndpoints()).unreadable }],
  );
  return {
    attempts: metrics.counter({
      name: 'darkroom_notification_attempts_total',
      help: 'Attempts to send a notification, by answer.',
      labels: ['result'],
      known: labelSets({ result: results }),
    }),
    ended: metrics.counter({
      name: 'darkroom_notifications_total',
      help: 'Notifications that ended, by state.',
      labels: ['state'],
      known: labelSets({ state: states }),
    }),
    disabled: metrics.counter({
      name: 'darkroom_webhook_endpoints_disabled_total',
      help: 'Endpoints that the notifier switched off, by reason.',
      labels: ['reason'],
      known: labelSets({ reason: ['gone', 'failing'] as const }),
    }),
  };
}

/** Makes a read that takes long answer its callers for some time, and never twice at once. An error is not kept. */
function keepFor(forMs: number, read: () => Promise<EndpointCounts>, now: () => number): () => Promise<EndpointCounts> {
  let kept: { at: number; value: Promise<EndpointCounts> } | undefined;
  return () => {
    if (kept !== undefined && now() < kept.at + forMs) return kept.value;
    const value = read();
    kept = { at: now(), value };
    value.catch(() => (kept = undefined));
    return value;
  };
}
