import type { CapabilityKey, CapabilityKeys } from '@darkroom/contracts';
import { z } from 'zod';
import { text, webAddress } from './variables.ts';

const allowed = 'keys as id:secret[,id:secret], ids of letters, digits, "-" and "_", each once, secrets of at least 32 characters';

const capabilityKeys = text(allowed).transform((value, context): CapabilityKeys => {
  const keys = value.split(',').map(parseKey);
  const [first, ...rest] = keys.filter((key) => key !== undefined);
  if (first === undefined || rest.length + 1 < keys.length || new Set([first, ...rest].map(({ id }) => id)).size < keys.length) {
    context.addIssue({ code: 'custom', message: `must be ${allowed}` });
    return z.NEVER;
  }
  return [first, ...rest];
});

function parseKey(pair: string): CapabilityKey | undefined {
  const match = /^([\w-]{1,64}):(\S{32,})$/.exec(pair.trim());
  const [, id, secret] = match ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}

/** `WEBHOOK_KEYS`: the first signs capabilities, all verify them. */
export const capabilityKeySettings = z.object({ WEBHOOK_KEYS: capabilityKeys }).transform((env) => env.WEBHOOK_KEYS);

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
