import type { NotificationView, WebhookEndpointWithSecret } from '@darkroom/producer';
import { withTimes } from './with-times.ts';

/** Path of a webhook endpoint. */
export const endpointPath = (endpointId: string): string => `/v1/webhook-endpoints/${endpointId}`;

/** Writes a webhook endpoint as HTTP shows it. */
export const endpointJson = (endpoint: WebhookEndpointWithSecret) => ({
  ...withTimes(endpoint),
  urls: { self: endpointPath(endpoint.endpointId) },
});

/** Path of a notification. */
export const notificationPath = (notificationId: string): string => `/v1/notifications/${notificationId}`;

/** Writes a notification as HTTP shows it. */
export const notificationJson = (notification: NotificationView) => ({
  ...withTimes(notification),
  urls: { self: notificationPath(notification.notificationId) },
});
