import type { NotificationView, WebhookEndpointView } from '@darkroom/producer';
import { agoOf } from '../operate/time-words.ts';

/** Describes an endpoint in a line. */
export function describeEndpoint({ endpointId, url, events, status, disabledFor, recorded, description }: WebhookEndpointView): string {
  const why = { caller: 'by a call', gone: 'it answered 410', failing: 'it failed for days' };
  const state = status === 'enabled' ? 'enabled' : `DISABLED (${why[disabledFor ?? 'caller']})`;
  return [endpointId, state, url, events.join(','), description, ...(recorded ? [] : ['not recorded in S3 yet'])]
    .filter(Boolean)
    .join('  ');
}

/** Describes a notification in a line. */
export function describeNotification({ notificationId, status, attempts, log }: NotificationView, now: number): string {
  const last = log.at(-1);
  const lastly = last === undefined ? '' : `, the last ${agoOf(last.at, now)}: ${last.fault ?? last.status}`;
  return `${notificationId}  ${status}  ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}${lastly}`;
}

/** Describes a notification with its attempts, the oldest first. */
export const describeAttempts = (notification: NotificationView, now: number): string[] => [
  describeNotification(notification, now),
  ...notification.log.map(({ at, status, ms, fault }) => `  ${new Date(at).toISOString()}  ${fault ?? `answered ${status}`}, ${ms} ms`),
];
