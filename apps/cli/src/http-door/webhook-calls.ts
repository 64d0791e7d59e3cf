import type { NotificationView, WebhookEndpointView, WebhookEndpointWithSecret } from '@darkroom/producer';
import { z } from 'zod';
import type { ClientEndpoints } from '../images/client.ts';
import type { DoorAnswer, DoorCall } from './door-calls.ts';
import { withoutIsoTimes } from './views.ts';

const endpointSchema = z.looseObject({
  endpointId: z.string(),
  url: z.string(),
  events: z.array(z.string()),
  status: z.enum(['enabled', 'disabled']),
  recorded: z.boolean(),
});
const notificationSchema = z.looseObject({
  notificationId: z.string(),
  status: z.string(),
  attempts: z.int(),
  log: z.array(z.looseObject({ at: z.number(), status: z.int(), ms: z.number() })),
});
const listSchema = z.object({ data: z.array(z.unknown()) });
const pageSchema = z.object({ data: z.array(z.unknown()), next: z.string().nullable() });
const secretSchema = z.object({ secret: z.string() });
const askedSchema = z.looseObject({ notificationId: z.string() });
const countSchema = z.object({ count: z.int() });

const base = '/v1/webhook-endpoints';
const endpointPath = (endpointId: string): string => `${base}/${encodeURIComponent(endpointId)}`;
const notificationPath = (notificationId: string): string => `/v1/notifications/${encodeURIComponent(notificationId)}`;

/** The calls of webhook endpoints through the HTTP API. @param askFirst Asks, and reads the answer. @param check Refuses another tenant first. */
export function createEndpointCalls(
  askFirst: <Value>(call: DoorCall, read: (body: unknown, answer: DoorAnswer) => Value) => Promise<Value>,
  check: () => Promise<void>,
): ClientEndpoints {
  const ask: typeof askFirst = async (call, read) => {
    await check();
    return askFirst(call, read);
  };
  return {
    create: (body) => ask({ method: 'POST', path: base, body, isOnce: true }, endpointOf),
    list: () => ask({ method: 'GET', path: base }, (body) => listSchema.parse(body).data.map(endpointOf)),
    get: (endpointId) => ask({ method: 'GET', path: endpointPath(endpointId) }, endpointOf),
    update: (endpointId, body) => ask({ method: 'PATCH', path: endpointPath(endpointId), body, isOnce: true }, endpointOf),
    // A rotation that is repeated would take the old secret from receivers that do not know the new one.
    rotateSecret: (endpointId) => ask({ method: 'POST', path: `${endpointPath(endpointId)}/rotate-secret`, isOnce: true }, endpointOf),
    secret: (endpointId) => ask({ method: 'GET', path: `${endpointPath(endpointId)}/secret` }, (body) => secretSchema.parse(body).secret),
    delete: (endpointId) => ask({ method: 'DELETE', path: endpointPath(endpointId) }, () => {}),
    notification: (notificationId) => ask({ method: 'GET', path: notificationPath(notificationId) }, notificationOf),
    notifications({ endpointId, status, limit, cursor } = {}) {
      const query = new URLSearchParams();
      for (const [name, value] of Object.entries({ endpointId, status, limit, cursor }))
        if (value !== undefined) query.set(name, String(value));
      return ask({ method: 'GET', path: '/v1/notifications', query }, (body) => {
        const { data, next } = pageSchema.parse(body);
        return { notifications: data.map(notificationOf), ...(next !== null && { nextCursor: next }) };
      });
    },
    test: (endpointId) =>
      ask({ method: 'POST', path: `${endpointPath(endpointId)}/test`, isOnce: true }, (body) => askedSchema.parse(body).notificationId),
    // Receivers drop what they have: a repeated call sends the same ids.
    async resend(notificationId) {
      await ask({ method: 'POST', path: `${notificationPath(notificationId)}/resend` }, (body) => askedSchema.parse(body));
    },
    resendFailed: (endpointId, { since }) =>
      ask(
        { method: 'POST', path: `${endpointPath(endpointId)}/resend-failed`, body: { since: new Date(since).toISOString() } },
        (body) => countSchema.parse(body).count,
      ),
  };
}

/** Reads an endpoint as the library shows it. What the command line reads is checked; the rest it prints as it came. */
function endpointOf(body: unknown): WebhookEndpointWithSecret & WebhookEndpointView {
  const { urls: _paths, ...endpoint } = withoutIsoTimes(Object(body) as object);
  endpointSchema.parse(endpoint);
  return endpoint as unknown as WebhookEndpointWithSecret;
}

function notificationOf(body: unknown): NotificationView {
  const { urls: _paths, ...notification } = withoutIsoTimes(Object(body) as object);
  notificationSchema.parse(notification);
  return notification as unknown as NotificationView;
}
