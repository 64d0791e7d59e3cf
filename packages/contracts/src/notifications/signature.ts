import { createHmac, timingSafeEqual } from 'node:crypto';

/** Signatures of Standard Webhooks, version "v1": HMAC-SHA-256 over id, time and body (standard-webhooks `spec/standard-webhooks.md`). */

/** The signed parts of a notification. */
export interface SignedNotification {
  /** The same for each attempt; holds no dot. */
  id: string;
  /** Time of the attempt, in whole seconds since 1970. */
  timestamp: number;
  body: string | Uint8Array;
}

/** Headers with which a notification is sent. */
export type WebhookHeaders = Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>;

const PREFIX = 'whsec_';
const VERSION = 'v1,';

/** Signs a notification with each secret. @param secrets Each as "whsec_" and base64. */
export function signNotification(secrets: readonly string[], notification: SignedNotification): WebhookHeaders {
  return {
    'webhook-id': notification.id,
    'webhook-timestamp': String(notification.timestamp),
    'webhook-signature': secrets.map((secret) => `${VERSION}${sign(secret, notification).toString('base64')}`).join(' '),
  };
}

/** Returns true if one of the signatures in a header is that of one of the secrets. Compares in constant time. */
export function hasValidSignature(secrets: readonly string[], notification: SignedNotification, header: string): boolean {
  const given = header
    .split(' ')
    .filter((signature) => signature.startsWith(VERSION))
    .map((signature) => Buffer.from(signature.slice(VERSION.length), 'base64'));
  const expected = secrets.map((secret) => sign(secret, notification));
  return given.some((each) => expected.some((mac) => each.length === mac.length && timingSafeEqual(each, mac)));
}

/** Reads the key of a secret; undefined for a text that is none. */
export function readWebhookSecret(secret: string): Buffer | undefined {
  const encoded = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret;
  return /^[A-Za-z\d+/]{32,88}={0,2}$/.test(encoded) ? Buffer.from(encoded, 'base64') : undefined;
}

function sign(secret: string, { id, timestamp, body }: SignedNotification): Buffer {
  const key = readWebhookSecret(secret);
  if (key === undefined) throw new TypeError('a webhook secret must be "whsec_" and 24 to 64 bytes in base64');
  return createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest();
}
