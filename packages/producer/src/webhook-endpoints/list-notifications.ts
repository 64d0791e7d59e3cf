import {
  defined,
  isEndpointId,
  notificationStatuses,
  parseNotificationId,
  readOptions,
  REQUESTS_ENDPOINT,
  type ProblemList,
} from '@darkroom/contracts';
import { passByCorrupt, type LoggedNotification, type NotificationStore } from '@darkroom/generation-store';
import type { NotificationListOptions, NotificationPage, NotificationView } from './webhook-endpoints.ts';

const MOST = 100;
const USUAL = 50;
/** Most entries that one call looks at, whatever it finds. */
const MOST_LOOKED_AT = 1000;

const names = ['endpointId', 'status', 'limit', 'cursor'] as const satisfies readonly (keyof NotificationListOptions)[];

/** Reads the options of a list, and appends their problems. */
export function readNotificationListOptions(given: NotificationListOptions, problems: ProblemList): NotificationListOptions {
  const options =
    readOptions(given, { path: 'options', known: names, otherNames: { state: 'status', endpoint: 'endpointId' } }, problems) ?? {};
  const { endpointId, status, limit, cursor } = options;
  if (endpointId !== undefined && endpointId !== REQUESTS_ENDPOINT && !isEndpointId(endpointId))
    problems.push({ path: 'options.endpointId', message: `must be the id of an endpoint, or "${REQUESTS_ENDPOINT}"` });
  if (status !== undefined && !notificationStatuses.includes(status))
    problems.push({ path: 'options.status', message: `must be one of ${notificationStatuses.join(', ')}` });
  if (limit !== undefined && !(Number.isInteger(limit) && limit >= 1 && limit <= MOST))
    problems.push({ path: 'options.limit', message: `must be a whole number from 1 to ${MOST}` });
  if (cursor !== undefined && (typeof cursor !== 'string' || parseNotificationId(cursor) === undefined))
    problems.push({ path: 'options.cursor', message: 'must be `nextCursor` of the page before' });
  return options;
}

/** Reads a page of the notifications of a tenant. */
export async function listNotifications(
  store: Pick<NotificationStore, 'listNotificationIds' | 'findNotification'>,
  tenant: string,
  { endpointId, status, limit = USUAL, cursor }: NotificationListOptions,
): Promise<NotificationPage> {
  const notifications: NotificationView[] = [];
  let after = cursor;
  for (let lookedAt = 0; lookedAt < MOST_LOOKED_AT; lookedAt += MOST) {
    const ids = await store.listNotificationIds({ tenant, after, most: MOST });
    const wanted = ids.filter((id) => endpointId === undefined || parseNotificationId(id)?.endpointId === endpointId);
    // a damaged log is passed by like one that has left Redis
    const read = await Promise.all(wanted.map((id) => store.findNotification(id).catch(passByCorrupt)));
    const found = new Map(read.flatMap((each) => (each === undefined ? [] : [[each.id, each] as const])));
    for (const id of ids) {
      const each = found.get(id);
      after = id;
      // the log of one that ended long ago has left Redis
      if (each === undefined || (status !== undefined && each.state !== status)) continue;
      notifications.push(notificationViewOf(each));
      if (notifications.length === limit) return { notifications, nextCursor: id };
    }
    if (ids.length < MOST) return { notifications };
  }
  return { notifications, ...defined({ nextCursor: after }) };
}

/** Returns what a caller sees of a notification. */
export function notificationViewOf({ id, state: status, eventAt, attempts, log }: LoggedNotification): NotificationView {
  const name = parseNotificationId(id);
  if (name === undefined) throw new Error('a notification in Redis has an id that is none'); // a bug: it was written under its id
  return {
    notificationId: id,
    endpointId: name.endpointId,
    event: name.type,
    generationId: name.generationId,
    eventAt,
    status,
    attempts,
    log,
  };
}
