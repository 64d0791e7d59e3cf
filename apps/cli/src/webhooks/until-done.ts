import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { hasCode } from '@darkroom/contracts';
import type { NotificationView, WebhookEndpoints, WebhookEndpointWithSecret } from '@darkroom/producer';

const LOOK_EVERY_MS = 250;
/** A worker carries changes into S3 every few seconds. */
const RECORDED_WITHIN_MS = 30_000;
const ATTEMPTED_WITHIN_MS = 30_000;

/**
 * Waits until S3 has a change of an endpoint.
 * @returns "not-yet" after half a minute; "changed" if the endpoint is not as the change left it: Redis went back behind it, or another change
 * followed.
 */
export async function untilRecorded(
  endpoints: Pick<WebhookEndpoints, 'get'>,
  { secret: _secret, recorded: _recorded, ...left }: WebhookEndpointWithSecret,
): Promise<'recorded' | 'not-yet' | 'changed'> {
  for (const until = Date.now() + RECORDED_WITHIN_MS; Date.now() < until; await delay(LOOK_EVERY_MS)) {
    const { recorded, ...now } = await endpoints.get(left.endpointId);
    if (!isDeepStrictEqual(now, left)) return 'changed';
    if (recorded) return 'recorded';
  }
  return 'not-yet';
}

/** Waits until a notification has ended. @returns undefined if it has not within half a minute. */
export async function untilAttempted(
  endpoints: Pick<WebhookEndpoints, 'notification'>,
  notificationId: string,
): Promise<NotificationView | undefined> {
  for (const until = Date.now() + ATTEMPTED_WITHIN_MS; Date.now() < until; await delay(LOOK_EVERY_MS)) {
    try {
      const notification = await endpoints.notification(notificationId);
      if (notification.status !== 'pending') return notification;
    } catch (error) {
      // it appears with its first attempt
      if (!hasCode(error, 'notification.not-found')) throw error;
    }
  }
  return undefined;
}
