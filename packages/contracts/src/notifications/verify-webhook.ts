import { WebhookSignatureError } from '../errors.ts';
import type { NotificationPayload } from './payload.ts';
import { hasValidSignature, readWebhookSecret } from './signature.ts';

/** Headers of a request, as Node, fetch, Express and fastify have them. */
export type GivenHeaders = Pick<Headers, 'get'> | Readonly<Record<string, string | readonly string[] | undefined>>;

/** Options of `verifyWebhook`. */
export interface VerifyWebhookOptions {
  /** Most seconds between the time of the notification and now. Defaults to 300. */
  toleranceSeconds?: number;
  /** The clock, in milliseconds since 1970. */
  now?: () => number;
}

/**
 * Verifies a notification of Darkroom by Standard Webhooks, and reads it. A receiver answers 2xx only once it has kept what it needs, and
 * drops repetitions by `data.eventId`.
 * @param body The body exactly as it came: a parser in between would change it.
 * @param secrets The secret of the endpoint, or several of them: "whsec_…".
 * @throws WebhookSignatureError; answer it with 400 or 401.
 */
export function verifyWebhook(
  body: string | Uint8Array,
  headers: GivenHeaders,
  secrets: string | readonly string[],
  { toleranceSeconds = 300, now = Date.now }: VerifyWebhookOptions = {},
): NotificationPayload {
  const list = typeof secrets === 'string' ? [secrets] : secrets;
  if (list.length === 0 || list.some((secret) => readWebhookSecret(secret) === undefined))
    throw new WebhookSignatureError('no secret was given, or one is not "whsec_" and 24 to 64 bytes in base64');
  const id = readHeader(headers, 'webhook-id');
  const timestamp = readHeader(headers, 'webhook-timestamp');
  const signature = readHeader(headers, 'webhook-signature');
  if (id === undefined || timestamp === undefined || signature === undefined)
    throw new WebhookSignatureError('a header is missing: webhook-id, webhook-timestamp and webhook-signature are needed');
  if (!/^\d{1,12}$/.test(timestamp)) throw new WebhookSignatureError('the header webhook-timestamp is no time in seconds');
  if (!hasValidSignature(list, { id, timestamp: Number(timestamp), body }, signature))
    throw new WebhookSignatureError('no signature in the header webhook-signature is that of the body and a secret');
  // After the signature: a forger learns nothing of the clock.
  if (Math.abs(now() / 1000 - Number(timestamp)) > toleranceSeconds)
    throw new WebhookSignatureError(`the notification was sent more than ${toleranceSeconds} seconds ago, or ahead of this clock`);
  const text = typeof body === 'string' ? body : new TextDecoder().decode(body);
  return JSON.parse(text) as NotificationPayload; // signed by Darkroom, which wrote it in this form
}

function readHeader(headers: GivenHeaders, name: string): string | undefined {
  if (hasGet(headers)) return headers.get(name) ?? undefined;
  const value = headers[name] ?? Object.entries(headers).find(([each]) => each.toLowerCase() === name)?.[1];
  return typeof value === 'string' ? value : value?.[0];
}

const hasGet = (headers: GivenHeaders): headers is Pick<Headers, 'get'> => typeof headers.get === 'function';
