import { notificationStatuses } from '@darkroom/contracts';
import type { NotificationListOptions } from '@darkroom/producer';
import { notificationJson, notificationPath } from '../answers/notification-json.ts';
import type { Route } from './route.ts';

const tag = 'Webhooks';
const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 100;

/** Routes about what is sent to the receivers of a tenant. */
export const notificationRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/notifications',
    operationId: 'listNotifications',
    tag,
    summary: 'Lists the last 10,000 notifications, the newest first.',
    description:
      'A notification appears with its first attempt. Its log ends three days after a delivery, and a week after a failure. A page may hold fewer than `limit`, even none, and have a next one.',
    scope: 'read',
    query: {
      endpointId: { kind: 'text', description: 'Id of an endpoint, or `requests`.' },
      status: { kind: 'text', description: `One of ${notificationStatuses.join(', ')}.` },
      limit: { kind: 'whole', min: 1, max: MAX_LIMIT, default: DEFAULT_LIMIT, description: 'Most notifications of a page.' },
      cursor: { kind: 'text', description: '`next` of the page before.' },
    },
    answers: { 200: { description: 'A page.', schema: 'NotificationList' } },
    errors: ['store.corrupt-record'],
    async run({ endpoints, query }) {
      const options: NotificationListOptions = { limit: DEFAULT_LIMIT, ...query }; // typed by `query` above
      const { notifications, nextCursor } = await endpoints.notifications(options);
      return {
        status: 200,
        headers: { 'cache-control': 'private, no-cache' },
        body: { data: notifications.map(notificationJson), next: nextCursor ?? null },
      };
    },
  },
  {
    method: 'GET',
    path: '/v1/notifications/{notificationId}',
    operationId: 'getNotification',
    tag,
    summary: 'Reads a notification and its last 30 attempts.',
    scope: 'read',
    answers: { 200: { description: 'The notification as it is now.', schema: 'Notification' } },
    errors: ['notification.not-found', 'store.corrupt-record'],
    async run({ endpoints, params }) {
      return { status: 200, body: notificationJson(await endpoints.notification(params['notificationId'] ?? '')) };
    },
  },
  {
    method: 'POST',
    path: '/v1/notifications/{notificationId}/resend',
    operationId: 'resendNotification',
    tag,
    summary: 'Sends a notification again, under the same `webhook-id`.',
    scope: 'write',
    answers: { 202: { description: 'It is sent within seconds.', schema: 'NotificationAsked' } },
    errors: ['notification.not-found', 'store.corrupt-record'],
    async run({ endpoints, params }) {
      const { notificationId = '' } = params;
      await endpoints.resend(notificationId);
      return { status: 202, body: { notificationId, urls: { self: notificationPath(notificationId) } } };
    },
  },
];
