import { isGenerationId } from '../generation-id.ts';
import { isEndpointId } from './endpoint.ts';
import { notificationTypes, TEST_NOTIFICATION, type NotificationType, type SentNotificationType } from './payload.ts';
import { REQUESTS_ENDPOINT } from './webhook-secret.ts';

/**
 * Statuses of a notification. "pending": another attempt follows. "delivered": its receiver took it. "failed": all attempts failed.
 * "dropped": its generation was erased, or its endpoint deleted.
 */
export const notificationStatuses = ['pending', 'delivered', 'failed', 'dropped'] as const;
export type NotificationStatus = (typeof notificationStatuses)[number];

/** The parts of the id of a notification, `<eventId>_<endpointId>`. */
export interface NotificationName {
  /** The id of the event, which receivers see as `webhook-id`. Holds neither dot nor underscore. */
  eventId: string;
  /** "requests": the receiver that the request of the generation names. */
  endpointId: string;
  type: SentNotificationType;
  generationId: string;
  /** Image and purchase of an event about one. */
  index?: number;
  n?: number;
}

/** Returns the kind of notification of a durable event; undefined for an event of which no receiver is told. */
export function notificationTypeOf(event: string): NotificationType | undefined {
  if (event.startsWith('submission.')) return 'image.settled';
  return notificationTypes.find((type) => type === event);
}

export const notificationIdOf = ({ eventId, endpointId }: Pick<NotificationName, 'eventId' | 'endpointId'>): string =>
  `${eventId}_${endpointId}`;

/** Builds the id of a notification that tries an endpoint. @param id A new one in the form of a generation's. */
export const testNotificationIdOf = (id: string, endpointId: string): string => notificationIdOf({ eventId: `${id}-test`, endpointId });

/** Reads the id of a notification; undefined for a text that is none. */
export function parseNotificationId(id: string): NotificationName | undefined {
  const [, eventId = '', generationId = '', index, n, what = '', endpointId = ''] =
    /^(([0-9a-f-]{36})-(?:(\d{1,2})-(\d{1,4})-)?([a-z]{1,20}))_(\w{1,40})$/.exec(id) ?? [];
  if (!isGenerationId(generationId) || (endpointId !== REQUESTS_ENDPOINT && !isEndpointId(endpointId))) return undefined;
  // the one event of a generation that names an image, too
  const isOfGeneration = index === undefined || what === 'amended';
  const isTest = index === undefined && what === 'test';
  const type = isTest ? TEST_NOTIFICATION : notificationTypeOf(isOfGeneration ? `generation.${what}` : `submission.${what}`);
  if (type === undefined) return undefined;
  return { eventId, endpointId, type, generationId, ...(index !== undefined && n !== undefined && { index: Number(index), n: Number(n) }) };
}
