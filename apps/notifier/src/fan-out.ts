import { notificationIdOf, notificationTypeOf, REQUESTS_ENDPOINT } from '@darkroom/contracts';
import { passByCorrupt, type NotificationStore } from '@darkroom/generation-store';
import type { DarkroomEvent } from '@darkroom/producer';
import type { NotificationJob, Notifications } from '@darkroom/queues';
import type { TellUnreadable } from './tell-unreadable.ts';

/**
 * Adds a job for each receiver of an event. Its caller acknowledges the event afterwards: a death in between adds the same jobs again, and
 * a notification that was delivered meanwhile is not sent again.
 */
export async function fanOut(
  store: Pick<NotificationStore, 'listReceiving' | 'findRequestWebhook' | 'findNotification'>,
  notifications: Pick<Notifications, 'add'>,
  {
    event,
    eventId,
    generationId,
    tenant,
    at,
    deliveries,
  }: Pick<DarkroomEvent, 'event' | 'eventId' | 'generationId' | 'tenant' | 'at' | 'deliveries'>,
  tellUnreadable: TellUnreadable,
): Promise<number> {
  const type = notificationTypeOf(event);
  if (type === undefined) return 0;
  const [endpoints, webhook] = await Promise.all([store.listReceiving(tenant, tellUnreadable), store.findRequestWebhook(generationId)]);
  const receivers = [
    // nothing tells what a damaged one wants, and a worker brings it back from S3: one notification too many is better than one too few
    ...endpoints.filter(({ types }) => types?.includes(type) !== false).map(({ id }) => id),
    ...(webhook?.types.includes(type) === true ? [REQUESTS_ENDPOINT] : []),
  ];
  const jobs = receivers.map((endpointId): NotificationJob => ({ id: notificationIdOf({ eventId, endpointId }), tenant, at, attempt: 0 }));
  const wanted: NotificationJob[] = [];
  // Only an event that was handed out before can have jobs that ended.
  for (const job of jobs) if (deliveries <= 1 || !(await hasEnded(store, job.id))) wanted.push(job);
  await notifications.add(wanted);
  return wanted.length;
}

/** Returns true if a notification has ended. One whose log cannot be read is sent again rather than lost. */
async function hasEnded(store: Pick<NotificationStore, 'findNotification'>, id: string): Promise<boolean> {
  const found = await store.findNotification(id).catch(passByCorrupt);
  return found !== undefined && found.state !== 'pending';
}
