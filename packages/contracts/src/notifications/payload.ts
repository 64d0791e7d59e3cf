import type { GenerationStatus, ImageStatus } from '../statuses.ts';

/** Kinds of notifications. An endpoint or a request names those it wants. */
export const notificationTypes = [
  'generation.succeeded',
  'generation.partial',
  'generation.failed',
  'generation.cancelled',
  'generation.expired',
  'generation.amended',
  'image.settled',
] as const;
export type NotificationType = (typeof notificationTypes)[number];

/** Kind of a notification that an owner sends to try an endpoint. No endpoint names it, and it tells of no generation. */
export const TEST_NOTIFICATION = 'endpoint.test';
/** Every kind that a receiver may get. */
export type SentNotificationType = NotificationType | typeof TEST_NOTIFICATION;

/** Kinds that are sent where none are named: the ends of a generation. */
export const defaultNotificationTypes = [
  'generation.succeeded',
  'generation.partial',
  'generation.failed',
  'generation.cancelled',
  'generation.expired',
] as const satisfies readonly NotificationType[];

/** Body of a notification. It is thin: it holds neither prompt nor image nor presigned URL, because receivers and their logs may keep it. */
export interface NotificationPayload {
  /** "endpoint.test" tells of no generation: its id is made up, and it has no images. */
  type: SentNotificationType;
  /** Time of the event, ISO 8601 in UTC. */
  timestamp: string;
  data: {
    /** The same for each repetition: a receiver that keeps the ids it has handled drops repetitions by it. Equals the header `webhook-id`. */
    eventId: string;
    generationId: string;
    /** Grows with each change of the generation: a receiver may drop what is older than what it has. */
    revision: number;
    /** Status of the generation when the notification was built. */
    status: GenerationStatus;
    tenant: string;
    tags?: readonly string[];
    metadata?: Readonly<Record<string, string>>;
    clientReference?: string;
    /** Decimal US dollars, such as "0.02". */
    costUsd: string;
    images: readonly {
      index: number;
      status: ImageStatus;
      /** Object of the image in S3, and the SHA-256 of its bytes, once it is kept. */
      key?: string;
      sha256?: string;
      /** The content check did not clear the image, and no operator has released it: it has no key. */
      withheld?: true;
    }[];
    /** Image and purchase of an "image.settled". */
    index?: number;
    n?: number;
  };
}
