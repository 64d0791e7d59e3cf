import { disabledReasons } from '@darkroom/contracts';
import type { NotificationStore } from '@darkroom/generation-store';
import type { Notifications } from '@darkroom/queues';
import { labelSets, type Counter, type Metrics } from '@darkroom/service-runtime';

const results = ['2xx', '3xx', '4xx', '5xx', 'none', 'timeout', 'address-refused'] as const;
const states = ['delivered', 'failed', 'dropped'] as const;

export interface NotifierMetrics {
  attempts: Counter<'result'>;
  ended: Counter<'state'>;
  disabled: Counter<'reason'>;
}

/** Creates the metrics of a notifier. Their meaning: docs/operations/metrics.md. */
export function createNotifierMetrics(
  metrics: Metrics,
  store: Pick<NotificationStore, 'countDisabledEndpoints'>,
  { queue }: Pick<Notifications, 'queue'>,
): NotifierMetrics {
  metrics.readGauge(
    { name: 'darkroom_notifications', help: 'Notifications that are not ended, by state of their job.', labels: ['state'] },
    async () =>
      Object.entries(await queue.getJobCounts('waiting', 'active', 'delayed')).map(([state, value]) => ({ labels: { state }, value })),
  );
  metrics.readGauge(
    { name: 'darkroom_webhook_endpoints_disabled', help: 'Endpoints that are switched off, by reason.', labels: ['reason'] },
    async () => {
      const counts = await store.countDisabledEndpoints();
      return disabledReasons.map((reason) => ({ labels: { reason }, value: counts[reason] ?? 0 }));
    },
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
