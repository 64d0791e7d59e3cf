import { CAPABILITY_KEYS_RULE, readCapabilityKeys, type CapabilityKeys } from '@darkroom/contracts';
import { z } from 'zod';
import { text, webAddress } from './variables.ts';

const allowed = CAPABILITY_KEYS_RULE;

const capabilityKeys = text(allowed).transform((value, context): CapabilityKeys => {
  const keys = readCapabilityKeys(value);
  if (keys !== undefined) return keys;
  context.addIssue({ code: 'custom', message: `must be ${allowed}` });
  return z.NEVER;
});

/** `WEBHOOK_KEYS`: the first signs capabilities, all verify them. */
export const capabilityKeySettings = z.object({ WEBHOOK_KEYS: capabilityKeys }).transform((env) => env.WEBHOOK_KEYS);

/** `NOTIFICATION_KEYS`: master keys of the secrets that sign notifications; the first makes new secrets, all sign. */
export const notificationKeySettings = z.object({ NOTIFICATION_KEYS: capabilityKeys }).transform((env) => env.NOTIFICATION_KEYS);

/** The same for a process that tells secrets if it has the keys. */
export const optionalNotificationKeySettings = z
  .object({ NOTIFICATION_KEYS: capabilityKeys.optional() })
  .transform((env) => env.NOTIFICATION_KEYS);

/**
 * `WEBHOOK_BASE_URL`, the public address of the receiver, and `WEBHOOK_KEYS`. Without an address Darkroom requests no webhooks and the
 * result
 * is undefined; with one, keys are required.
 */
export const webhookSettings = z
  .object({ WEBHOOK_BASE_URL: webAddress().optional(), WEBHOOK_KEYS: capabilityKeys.optional() })
  .transform((env, context): WebhookSettings | undefined => {
    if (env.WEBHOOK_BASE_URL === undefined) return undefined;
    if (env.WEBHOOK_KEYS === undefined) {
      context.addIssue({ code: 'custom', path: ['WEBHOOK_KEYS'], message: `with WEBHOOK_BASE_URL it must be ${allowed}` });
      return z.NEVER;
    }
    return { baseUrl: env.WEBHOOK_BASE_URL.replace(/\/+$/, ''), keys: env.WEBHOOK_KEYS };
  });

export interface WebhookSettings {
  /** Without a trailing slash. */
  readonly baseUrl: string;
  readonly keys: CapabilityKeys;
}
