import { hkdfSync } from 'node:crypto';
import { encodeTenant } from '../tenant.ts';
import type { CapabilityKey, CapabilityKeys } from '../webhook-capability.ts';

/**
 * Master keys of the secrets that sign notifications, in the form of the keys of capabilities: the first makes new secrets, and the secrets
 * of all sign, so that a key can be replaced while receivers still know the old secrets.
 */
export type NotificationKeys = CapabilityKeys;

/** Names a secret: receivers of one endpoint share it, and each rotation makes the next version. */
export interface WebhookSecretName {
  tenant: string;
  endpointId: string;
  /** From 1. */
  version: number;
}

/** Endpoint id of the notifications that a request asked for by `webhookURL`: all requests of a tenant share one secret. */
export const REQUESTS_ENDPOINT = 'requests';

const SECRET_BYTES = 32;

/**
 * Derives a secret in the form of Standard Webhooks: "whsec_" and base64. It follows from the master key alone, so nothing stores it, and
 * nothing but the key can leak it.
 */
export function deriveWebhookSecret({ id, secret }: CapabilityKey, { tenant, endpointId, version }: WebhookSecretName): string {
  const info = `darkroom/notification/${id}/${encodeTenant(tenant)}/${endpointId}/${version}`;
  return `whsec_${Buffer.from(hkdfSync('sha256', secret, '', info, SECRET_BYTES)).toString('base64')}`;
}

/** Derives the secrets that sign a notification: of each master key, and of each version that is valid, the newest first. */
export const webhookSecretsOf = (
  keys: NotificationKeys,
  { versions, ...name }: Omit<WebhookSecretName, 'version'> & { versions: readonly number[] },
): string[] => versions.flatMap((version) => keys.map((key) => deriveWebhookSecret(key, { ...name, version })));
