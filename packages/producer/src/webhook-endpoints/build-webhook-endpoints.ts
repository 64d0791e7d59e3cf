import {
  ConfigError,
  createEndpointId,
  createGenerationId,
  defaultNotificationTypes,
  defined,
  deriveWebhookSecret,
  isEndpointId,
  MAX_ENDPOINT_CHANGES,
  MAX_ENDPOINTS,
  OLD_SECRET_MS,
  parseNotificationId,
  QueueUnavailableError,
  REQUESTS_ENDPOINT,
  testNotificationIdOf,
  WebhookEndpointError,
  type HostRules,
  type NotificationKeys,
  type WebhookEndpoint,
} from '@darkroom/contracts';
import { lookSurely, type NotificationStore, type StoredEndpoint } from '@darkroom/generation-store';
import type { Availability } from '../availability.ts';
import { checked, checkedInParts } from '../check-call.ts';
import { isMoment, millisecondsOf } from '../moments.ts';
import { listNotifications, notificationViewOf, readNotificationListOptions } from './list-notifications.ts';
import { checkHost, readEndpoint } from './read-endpoint.ts';
import type { WebhookEndpoints, WebhookEndpointView } from './webhook-endpoints.ts';

/** Parts that the endpoints of one tenant work on. */
export interface WebhookEndpointsParts {
  store: NotificationStore;
  ask: Availability['ask'];
  tenant: string;
  keys?: NotificationKeys;
  rules: HostRules;
  close(): Promise<void>;
}

/** A second rotation would take the secret from receivers that know the one before, and a second endpoint gets everything twice. */
const LOOK_FIRST = 'the change may be made: read the endpoints before you call again';
const AGAIN = 'calling again is safe: a receiver drops what it has';

/** Attempts, more than callers change one endpoint at the same moment. */
const TRIES = 20;

/** Builds the calls about the endpoints of one tenant. An endpoint of another tenant does not exist. */
export function buildWebhookEndpoints({ store, ask: askRedis, tenant, keys, rules, close }: WebhookEndpointsParts): WebhookEndpoints {
  let closing: Promise<void> | undefined;
  const ask = <T>(what: string, call: () => Promise<T>, maybe?: string): Promise<T> => askRedis(what, undefined, call, defined({ maybe }));
  const notFound = (endpointId: string): WebhookEndpointError =>
    new WebhookEndpointError('webhook-endpoint.not-found', `no webhook endpoint has the id "${endpointId.slice(0, 64)}"`);

  async function find(endpointId: string): Promise<StoredEndpoint> {
    if (!isEndpointId(endpointId)) throw notFound(String(endpointId));
    const found = await lookSurely(
      () => ask('read a webhook endpoint', () => store.findEndpoint(endpointId)),
      async () => {
        if (await ask('read a webhook endpoint', () => store.mayHaveForgotten())) throw recovering('');
      },
    );
    if (found === undefined || found.tenant !== tenant || found.status === 'deleted') throw notFound(endpointId);
    return found;
  }

  /** Makes a change on top of the newest one. */
  async function change(endpointId: string, make: (before: WebhookEndpoint, now: number) => WebhookEndpoint): Promise<StoredEndpoint> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const { id, revision: known, isRecorded: _isRecorded, ...before } = await find(endpointId);
      const now = await ask('read the time', () => store.readTime());
      const value = make(before, now);
      if (await write(id, known, value)) return { id, ...value, revision: known + 1, isRecorded: false };
    }
    throw new QueueUnavailableError('the webhook endpoint was changed by others again and again; nothing was changed', { reached: 'no' });
  }

  async function write(id: string, known: number, value: WebhookEndpoint): Promise<boolean> {
    switch (await ask('change a webhook endpoint', () => store.changeEndpoint({ id, known, value, most: MAX_ENDPOINTS }), LOOK_FIRST)) {
      case 'changed':
        return true;
      case 'changed-by-another':
        return false;
      case 'too-many':
        throw new WebhookEndpointError(
          'webhook-endpoint.too-many',
          `tenant "${tenant}" has ${MAX_ENDPOINTS} webhook endpoints, and may have no more`,
        );
      case 'too-often':
        throw new WebhookEndpointError(
          'webhook-endpoint.too-many',
          `tenant "${tenant}" has changed its webhook endpoints ${MAX_ENDPOINT_CHANGES} times in a day; one can still be disabled or deleted`,
        );
      case 'recovering':
        throw recovering(', or an earlier change of it; nothing was changed');
    }
  }

  const secretOf = (endpointId: string, version: number) =>
    keys === undefined ? {} : { secret: deriveWebhookSecret(keys[0], { tenant, endpointId, version }) };

  /** Returns the endpoint that a notification was for, or throws. */
  async function findTarget(notificationId: string) {
    const name = parseNotificationId(notificationId);
    const found = name && (await ask('read a notification', () => store.findNotification(notificationId)));
    const unknown = (): WebhookEndpointError =>
      new WebhookEndpointError('notification.not-found', `no notification has the id "${String(notificationId).slice(0, 128)}"`);
    if (name === undefined || found === undefined || found.tenant !== tenant) throw unknown();
    return { name, found };
  }

  return {
    async create(given) {
      const options = await checkedInParts(async (problems) => {
        const read = readEndpoint(given, true, rules, problems);
        if (read?.url !== undefined && problems.count === 0) await checkHost(read.url, rules, problems);
        return read;
      }, {});
      const id = createEndpointId();
      const now = await ask('read the time', () => store.readTime());
      const value: WebhookEndpoint = {
        tenant,
        url: options.url ?? '',
        types: [...(options.events ?? defaultNotificationTypes)],
        status: 'enabled',
        secretVersion: 1,
        createdAt: now,
        ...defined({ description: options.description }),
      };
      // An answer that was lost leaves the endpoint, whose id is its own: the write is found again.
      if (!(await write(id, 0, value))) await find(id);
      return { ...viewOf({ id, ...value, revision: 1, isRecorded: false }), ...secretOf(id, 1) };
    },
    list: async () => (await ask('list webhook endpoints', () => store.listEndpoints(tenant))).map(viewOf),
    get: async (endpointId) => viewOf(await find(endpointId)),
    async update(endpointId, given) {
      const { url, events, description, enabled } = await checkedInParts(async (problems) => {
        const read = readEndpoint(given, false, rules, problems);
        if (read?.url !== undefined && problems.count === 0) await checkHost(read.url, rules, problems);
        return read;
      }, {});
      const changed = await change(endpointId, ({ disabledFor, disabledAt, ...before }, now) => {
        const next = { ...before, ...defined({ url, types: events && [...events], description }) };
        if (enabled === true || (enabled === undefined && before.status === 'enabled')) return { ...next, status: 'enabled' };
        const why =
          enabled === false && before.status === 'enabled'
            ? { disabledFor: 'caller' as const, disabledAt: now }
            : { disabledFor, disabledAt };
        return { ...next, status: 'disabled', ...defined(why) };
      });
      return viewOf(changed);
    },
    async rotateSecret(endpointId) {
      const changed = await change(endpointId, (before, now) => ({
        ...before,
        secretVersion: before.secretVersion + 1,
        oldSecretUntil: now + OLD_SECRET_MS,
      }));
      return { ...viewOf(changed), ...secretOf(changed.id, changed.secretVersion) };
    },
    async secret(endpointId) {
      const version = endpointId === REQUESTS_ENDPOINT ? 1 : (await find(endpointId)).secretVersion;
      const { secret } = secretOf(endpointId, version);
      if (secret === undefined)
        throw new ConfigError([{ path: 'keys', message: 'are needed to tell a secret: those of NOTIFICATION_KEYS' }]);
      return secret;
    },
    async delete(endpointId) {
      await change(endpointId, (before, now) => ({ ...before, url: '', status: 'deleted', disabledAt: now }));
    },
    async notification(notificationId) {
      const { found } = await findTarget(notificationId);
      return notificationViewOf(found);
    },
    async notifications(given = {}) {
      const options = checked((problems) => readNotificationListOptions(given, problems));
      return ask('list notifications', () => listNotifications(store, tenant, options));
    },
    async test(endpointId) {
      const { id } = await find(endpointId);
      const until = await ask('read the time', () => store.readTime());
      const notificationId = testNotificationIdOf(createGenerationId(until), id);
      await ask('ask for a test', () => store.requestResend({ tenant, endpointId: id, id: notificationId, until }), AGAIN);
      return notificationId;
    },
    async resend(notificationId) {
      const { name } = await findTarget(notificationId);
      const until = await ask('read the time', () => store.readTime());
      await ask('ask for a resend', () => store.requestResend({ tenant, endpointId: name.endpointId, id: notificationId, until }), AGAIN);
    },
    async resendFailed(endpointId, given) {
      const since = checked((problems) => {
        const { since } = Object(given) as { since?: Date | number }; // a caller without types may pass anything
        const isTime = since !== undefined && (since instanceof Date || typeof since === 'number') && isMoment(since);
        if (!isTime) problems.push({ path: 'options.since', message: 'must be a Date or whole milliseconds since 1970' });
        return isTime ? millisecondsOf(since) : 0;
      });
      if (endpointId !== REQUESTS_ENDPOINT) await find(endpointId);
      const until = await ask('read the time', () => store.readTime());
      const count = await ask('count failed notifications', () => store.countFailed({ endpointId, tenant, since }));
      if (count > 0) await ask('ask for a resend', () => store.requestResend({ tenant, endpointId, since, until }), AGAIN);
      return count;
    },
    close: () => (closing ??= close()),
  };
}

/** @param more Words behind the endpoint. */
const recovering = (more: string): QueueUnavailableError =>
  new QueueUnavailableError(`redis restarted, and may have forgotten a webhook endpoint${more}; call again in some seconds`, {
    reached: 'no',
    details: { reason: 'recovering' },
  });

const viewOf = ({
  id,
  types,
  secretVersion: _secretVersion,
  revision: _revision,
  isRecorded,
  status,
  ...rest
}: StoredEndpoint): WebhookEndpointView => ({
  endpointId: id,
  ...defined(rest),
  events: types,
  status: status === 'enabled' ? 'enabled' : 'disabled',
  recorded: isRecorded,
});
