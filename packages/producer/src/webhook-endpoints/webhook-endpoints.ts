import type { DisabledReason, NotificationStatus, NotificationType, SentNotificationType } from '@darkroom/contracts';

/** A receiver of the notifications of a tenant. */
export interface WebhookEndpointView {
  endpointId: string;
  tenant: string;
  /** Its address, which only its tenant should see: it may hold a token. */
  url: string;
  events: readonly NotificationType[];
  description?: string;
  status: 'enabled' | 'disabled';
  /** "caller": it was disabled by a call. "gone": it answered 410. "failing": it failed for five days. */
  disabledFor?: DisabledReason;
  /** Redis time in milliseconds since 1970, like the other times. */
  disabledAt?: number;
  /** Time until which the secret before the last rotation signs, too. */
  oldSecretUntil?: number;
  createdAt: number;
  /** False until a worker has recorded the last change in S3, some seconds. A change that lets more be sent holds only then. */
  recorded: boolean;
}

/** Options of `WebhookEndpoints.create`. */
export interface NewWebhookEndpoint {
  /** https, on the public internet, without user, password and fragment. */
  url: string;
  /** Kinds of notifications. Defaults to the five ends of a generation. */
  events?: readonly NotificationType[];
  /** Your own words, at most 256 characters. */
  description?: string;
}

/** Options of `WebhookEndpoints.update`; what is left out stays. */
export interface WebhookEndpointChange extends Partial<NewWebhookEndpoint> {
  /** True enables an endpoint. That sends nothing by itself: `resendFailed` sends what failed meanwhile. */
  enabled?: boolean;
}

/** An endpoint with the secret that its receiver verifies with; absent if the process has no master keys. */
export interface WebhookEndpointWithSecret extends WebhookEndpointView {
  secret?: string;
}

/** A notification and its last 30 attempts. */
export interface NotificationView {
  notificationId: string;
  /** "requests": the receiver that the request of the generation names. */
  endpointId: string;
  event: SentNotificationType;
  /** Made up for "endpoint.test". */
  generationId: string;
  /** Time of the event, Redis time in milliseconds since 1970. */
  eventAt: number;
  /** "pending": another attempt follows. "dropped": its generation was erased, or its endpoint deleted. */
  status: NotificationStatus;
  attempts: number;
  /** The oldest first. `status` is that of the answer, 0 without one; `fault` says in one word what failed. */
  log: readonly { at: number; status: number; ms: number; fault?: string }[];
}

/** Options of `WebhookEndpoints.notifications`. */
export interface NotificationListOptions {
  /** An endpoint, or "requests". */
  endpointId?: string;
  status?: NotificationStatus;
  /** Most notifications of a page, 1 to 100. Defaults to 50. */
  limit?: number;
  /** `nextCursor` of the page before. */
  cursor?: string;
}

/** A page of notifications. It may hold fewer than `limit`, even none, and have a next one. */
export interface NotificationPage {
  notifications: NotificationView[];
  /** Absent after the last page. */
  nextCursor?: string;
}

/** Options of `createWebhookEndpoints`. */
export interface WebhookEndpointsOptions {
  /** Address of the Redis that the workers use. */
  redisUrl: string;
  /** First part of every key, as for `createProducer`. Defaults to "{darkroom}". */
  prefix?: string;
  /** Tenant whose endpoints these are. Defaults to "default". */
  tenant?: string;
  /** The master keys of the notifier, as in NOTIFICATION_KEYS ("id:secret,id:secret"): with them `secret` can be told. */
  keys?: string;
  /** Takes addresses on this machine, over http too: for development. Defaults to false. */
  allowLoopback?: boolean;
}

/** The webhook endpoints of a tenant, and the notifications to them. A change is in Redis at once, and in S3 within seconds. */
export interface WebhookEndpoints {
  /** Adds an endpoint. Its name is resolved: it must lead to the public internet. @throws InvalidRequestError, WebhookEndpointError, QueueUnavailableError */
  create(endpoint: NewWebhookEndpoint): Promise<WebhookEndpointWithSecret>;
  /** Lists the endpoints, the oldest first. @throws QueueUnavailableError */
  list(): Promise<WebhookEndpointView[]>;
  /** Reads one endpoint. @throws WebhookEndpointError, QueueUnavailableError */
  get(endpointId: string): Promise<WebhookEndpointView>;
  /** Changes an endpoint. One that is disabled gets nothing from now on. @throws InvalidRequestError, WebhookEndpointError, QueueUnavailableError */
  update(endpointId: string, change: WebhookEndpointChange): Promise<WebhookEndpointView>;
  /** Makes a new secret. Both sign for 24 hours. @throws WebhookEndpointError, QueueUnavailableError */
  rotateSecret(endpointId: string): Promise<WebhookEndpointWithSecret>;
  /** Returns the secret of an endpoint, or, for "requests", of the receivers that requests name. @throws ConfigError without master keys */
  secret(endpointId: string): Promise<string>;
  /** Deletes an endpoint; it gets nothing from now on. @throws WebhookEndpointError, QueueUnavailableError */
  delete(endpointId: string): Promise<void>;
  /** Reads the log of a notification, which ends three days after its delivery, or a week after its failure. @throws WebhookEndpointError, QueueUnavailableError */
  notification(notificationId: string): Promise<NotificationView>;
  /**
   * Lists the last 10,000 notifications, those with the latest first attempt first. One appears with its first attempt.
   * @throws InvalidRequestError, QueueUnavailableError
   */
  notifications(options?: NotificationListOptions): Promise<NotificationPage>;
  /**
   * Sends a notification of the kind "endpoint.test" to an endpoint within seconds. It is tried once.
   * @returns its id; `notification` tells what came of it. @throws WebhookEndpointError, QueueUnavailableError
   */
  test(endpointId: string): Promise<string>;
  /** Sends a notification again within seconds, under the same `webhook-id`. @throws WebhookEndpointError, QueueUnavailableError */
  resend(notificationId: string): Promise<void>;
  /**
   * Sends again what has failed since a time, of an endpoint or, for "requests", of the receivers that requests name.
   * @returns the number of notifications. @throws InvalidRequestError, WebhookEndpointError, QueueUnavailableError
   */
  resendFailed(endpointId: string, options: { since: Date | number }): Promise<number>;
  /** Disconnects. May be called twice. */
  close(): Promise<void>;
}
