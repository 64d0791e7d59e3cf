import { hasCode, notificationIdOf, notificationTypeOf, REQUESTS_ENDPOINT, type NotificationStatus } from '@darkroom/contracts';
import type { NotificationStore } from '@darkroom/generation-store';
import type { DarkroomEvent } from '@darkroom/producer';
import type { NotificationJob, Notifications } from '@darkroom/queues';

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
): Promise<number> {
  const type = notificationTypeOf(event);
  if (type === undefined) return 0;
  const [endpoints, webhook] = await Promise.all([store.listReceiving(tenant), store.findRequestWebhook(generationId)]);
  const receivers = [
    // nothing tells what a damaged one wants, and a worker brings it back from S3: one notification too many is better than one too few
    ...endpoints.filter(({ types }) => types?.includes(type) !== false).map(({ id }) => id),
    ...(webhook?.types.includes(type) === true ? [REQUESTS_ENDPOINT] : []),
  ];
  const jobs = receivers.map((endpointId): NotificationJob => ({ id: notificationIdOf({ eventId, endpointId }), tenant, at, attempt: 0 }));
  const wanted: NotificationJob[] = [];
  // Only an event that was handed out before can have jobs that ended.
  for (const job of jobs) if (deliveries <= 1 || !hasEnded(await store.findNotification(job.id).catch(ifDamaged))) wanted.push(job);
  await notifications.add(wanted);
  return wanted.length;
}

const hasEnded = (known: { state: NotificationStatus } | undefined): boolean => known !== undefined && known.state !== 'pending';

/** A damaged log tells nothing: the notification counts as one that has not ended. */
export function ifDamaged(error: unknown): undefined {
  if (hasCode(error, 'store.corrupt-record')) return undefined;
  throw error;
}
