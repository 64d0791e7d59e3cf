import { hasCode } from '@darkroom/contracts';
import type { NewWebhookEndpoint, WebhookEndpointChange } from '@darkroom/producer';
import { ApiError } from '../answers/api-error.ts';
import { endpointJson, endpointPath, notificationPath } from '../answers/notification-json.ts';
import { readMoment } from '../requests/read-order.ts';
import type { Route } from './route.ts';

const tag = 'Webhooks';
const none = 'webhook-endpoint.not-found' as const;
const uncached = { 'cache-control': 'no-store' };

/** Routes about the receivers of a tenant. Each sees those of the tenant of its key alone. */
export const webhookEndpointRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/v1/webhook-endpoints',
    operationId: 'createWebhookEndpoint',
    tag,
    summary: 'Adds a receiver of the notifications of the tenant.',
    description:
      'Notifications are signed by Standard Webhooks, and sent at least once. The answer has the secret that verifies them. The endpoint gets notifications once `recorded` is true.',
    scope: 'write',
    body: { kind: 'json', schema: 'WebhookEndpointRequest', isRequired: true },
    answers: { 201: { description: 'It was added.', schema: 'WebhookEndpoint', headers: { Location: 'Path of the endpoint.' } } },
    errors: ['webhook-endpoint.too-many'],
    async run({ endpoints, body }) {
      const endpoint = await endpoints.create(body as NewWebhookEndpoint); // the library checks what a caller sent
      return { status: 201, headers: { location: endpointPath(endpoint.endpointId), ...uncached }, body: endpointJson(endpoint) };
    },
  },
  {
    method: 'GET',
    path: '/v1/webhook-endpoints',
    operationId: 'listWebhookEndpoints',
    tag,
    summary: 'Lists the receivers of the tenant, the oldest first; there are at most 20.',
    scope: 'read',
    answers: { 200: { description: 'All of them.', schema: 'WebhookEndpointList' } },
    errors: [],
    run: async ({ endpoints }) => ({ status: 200, body: { data: (await endpoints.list()).map(endpointJson) } }),
  },
  {
    method: 'GET',
    path: '/v1/webhook-endpoints/{endpointId}',
    operationId: 'getWebhookEndpoint',
    tag,
    summary: 'Reads a receiver.',
    scope: 'read',
    answers: { 200: { description: 'The receiver, without its secret.', schema: 'WebhookEndpoint' } },
    errors: [none],
    run: async ({ endpoints, params }) => ({ status: 200, body: endpointJson(await endpoints.get(params['endpointId'] ?? '')) }),
  },
  {
    method: 'PATCH',
    path: '/v1/webhook-endpoints/{endpointId}',
    operationId: 'changeWebhookEndpoint',
    tag,
    summary: 'Changes a receiver; what is left out stays.',
    description: 'One that is disabled gets nothing from now on. Any other change holds once `recorded` is true.',
    scope: 'write',
    body: { kind: 'json', schema: 'WebhookEndpointChange', isRequired: true },
    answers: { 200: { description: 'The receiver as it is now.', schema: 'WebhookEndpoint' } },
    errors: [none, 'webhook-endpoint.too-many'],
    async run({ endpoints, params, body }) {
      const change = body as WebhookEndpointChange; // the library checks what a caller sent
      return { status: 200, body: endpointJson(await endpoints.update(params['endpointId'] ?? '', change)) };
    },
  },
  {
    method: 'DELETE',
    path: '/v1/webhook-endpoints/{endpointId}',
    operationId: 'deleteWebhookEndpoint',
    tag,
    summary: 'Deletes a receiver. It gets nothing from now on.',
    scope: 'write',
    answers: { 204: { description: 'It is deleted.' } },
    errors: [none],
    async run({ endpoints, params }) {
      await endpoints.delete(params['endpointId'] ?? '');
      return { status: 204 };
    },
  },
  {
    method: 'GET',
    path: '/v1/webhook-endpoints/{endpointId}/secret',
    operationId: 'getWebhookSecret',
    tag,
    summary: 'Tells the secret of a receiver.',
    description: '`requests` in place of an id is the one secret of all receivers that requests name by `webhookURL`.',
    scope: 'write',
    answers: { 200: { description: 'The secret that signs now.', schema: 'WebhookSecret' } },
    errors: [none, 'api.not-found'],
    async run({ endpoints, params }) {
      const { endpointId = '' } = params;
      const secret = await endpoints.secret(endpointId).catch((error: unknown) => {
        if (!hasCode(error, 'config.invalid')) throw error;
        throw new ApiError('api.not-found', 'this API has no NOTIFICATION_KEYS, and cannot tell secrets');
      });
      return { status: 200, headers: uncached, body: { endpointId, secret } };
    },
  },
  {
    method: 'POST',
    path: '/v1/webhook-endpoints/{endpointId}/rotate-secret',
    operationId: 'rotateWebhookSecret',
    tag,
    summary: 'Makes a new secret. The old one signs too, for 24 hours.',
    scope: 'write',
    answers: { 200: { description: 'The receiver, with its new secret.', schema: 'WebhookEndpoint' } },
    errors: [none, 'webhook-endpoint.too-many'],
    async run({ endpoints, params }) {
      return { status: 200, headers: uncached, body: endpointJson(await endpoints.rotateSecret(params['endpointId'] ?? '')) };
    },
  },
  {
    method: 'POST',
    path: '/v1/webhook-endpoints/{endpointId}/test',
    operationId: 'testWebhookEndpoint',
    tag,
    summary: 'Sends a notification of the kind `endpoint.test`, once.',
    description: 'Ask for the notification until it is `delivered` or `failed`; it appears with its attempt, within seconds.',
    scope: 'write',
    answers: {
      202: { description: 'It is sent within seconds.', schema: 'NotificationAsked', headers: { Location: 'Path of the notification.' } },
    },
    errors: [none],
    async run({ endpoints, params }) {
      const notificationId = await endpoints.test(params['endpointId'] ?? '');
      const self = notificationPath(notificationId);
      return { status: 202, headers: { location: self }, body: { notificationId, urls: { self } } };
    },
  },
  {
    method: 'POST',
    path: '/v1/webhook-endpoints/{endpointId}/resend-failed',
    operationId: 'resendFailedNotifications',
    tag,
    summary: 'Sends again what has failed since a time.',
    description: '`requests` in place of an id takes the receivers that requests named.',
    scope: 'write',
    body: { kind: 'json', schema: 'ResendRequest', isRequired: true },
    answers: { 202: { description: 'They are sent within seconds.', schema: 'ResentCount' } },
    errors: [none],
    async run({ endpoints, params, body }) {
      const { since: given } = Object(body) as { since?: unknown }; // a value of any kind
      const since = readMoment(given);
      return { status: 202, body: { count: await endpoints.resendFailed(params['endpointId'] ?? '', { since }) } };
    },
  },
];
