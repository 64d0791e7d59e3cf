import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { describeGiven } from '../models/given.ts';
import type { Problem } from '../problems.ts';
import { isTenant, TENANT_RULE } from '../tenant.ts';
import { findCallbackProblem, WEBHOOK_URL_RULE } from './callback-address.ts';
import { notificationTypes, type NotificationType } from './payload.ts';

/** Most endpoints of a tenant. */
export const MAX_ENDPOINTS = 20;
/** Most changes of the endpoints of a tenant in a day: each stays in S3. What stops sending is never refused. */
export const MAX_ENDPOINT_CHANGES = 1000;
/** Time for which the secret before a rotation still signs, in milliseconds. */
export const OLD_SECRET_MS = 24 * 3_600_000;
const MAX_DESCRIPTION_LENGTH = 256;

/** Reasons for which an endpoint gets nothing: its owner said so, it answered 410, or it failed for five days. */
export const disabledReasons = ['caller', 'gone', 'failing'] as const;
export type DisabledReason = (typeof disabledReasons)[number];

/** An endpoint of a tenant, as the stores keep it. */
export const webhookEndpointSchema = z.object({
  tenant: z.string().refine(isTenant, `must be ${TENANT_RULE}`),
  /** May hold a token of its owner: shown to its tenant alone, and in no log. '' once the endpoint is deleted. */
  url: z.string(),
  types: z.array(z.enum(notificationTypes)).min(1),
  description: z.string().optional(),
  status: z.enum(['enabled', 'disabled', 'deleted']),
  disabledFor: z.enum(disabledReasons).optional(),
  /** Redis time, in milliseconds since 1970, like the other times. */
  disabledAt: z.int().min(0).optional(),
  /** Version of the secret. */
  secretVersion: z.int().min(1),
  /** Time until which the version before it signs, too. */
  oldSecretUntil: z.int().min(0).optional(),
  createdAt: z.int().min(0),
});
export type WebhookEndpoint = z.infer<typeof webhookEndpointSchema>;

/** One change of an endpoint: `settings/endpoints/<id>/<revision>.json`, written once. */
export const webhookEndpointRecordSchema = z.object({
  version: z.literal(1),
  kind: z.literal('endpoints'),
  id: z.string().refine(isEndpointId, 'is no id of an endpoint'),
  revision: z.int().min(1),
  after: webhookEndpointSchema,
});
export type WebhookEndpointRecord = z.infer<typeof webhookEndpointRecordSchema>;

/** Returns true if an endpoint gets notifications. */
export const isReceiving = ({ status }: Pick<WebhookEndpoint, 'status'>): boolean => status === 'enabled';

/** Mints the id of an endpoint. */
export const createEndpointId = (random: (size: number) => Uint8Array = randomBytes): string =>
  `we_${Buffer.from(random(16)).toString('hex')}`;

export function isEndpointId(id: unknown): id is string {
  return typeof id === 'string' && /^we_[0-9a-f]{32}$/.test(id);
}

/** Returns the versions of the secret that sign at a moment, the newest first. */
export const signingVersions = (
  { secretVersion, oldSecretUntil }: Pick<WebhookEndpoint, 'secretVersion' | 'oldSecretUntil'>,
  now: number,
): number[] => (oldSecretUntil !== undefined && now < oldSecretUntil ? [secretVersion, secretVersion - 1] : [secretVersion]);

/** Returns the problem of the address of a receiver, whose text is a secret. */
export function webhookUrlProblems(path: string, url: unknown, rules: { allowLoopback: boolean }): Problem[] {
  const problem = findCallbackProblem(url, rules);
  return problem === undefined ? [] : [{ path, message: `${problem}, and must be ${WEBHOOK_URL_RULE}` }];
}

/** Returns the problems of a list of kinds of notifications. */
export function notificationTypesProblems(path: string, types: unknown): Problem[] {
  if (!Array.isArray(types) || types.length === 0 || types.length > notificationTypes.length)
    return [{ path, message: `must be an array of ${notificationTypes.join(', ')}`, given: describeGiven(types) }];
  return types.flatMap((type: unknown, at) => {
    const problem = { path: `${path}[${at}]`, given: describeGiven(type) };
    if (!(notificationTypes as readonly unknown[]).includes(type))
      return [{ ...problem, message: `must be one of ${notificationTypes.join(', ')}` }];
    return types.indexOf(type) < at ? [{ ...problem, message: 'is an earlier one of these kinds' }] : [];
  });
}

/** Returns the problem of the words that describe an endpoint. */
export const descriptionProblems = (path: string, text: unknown): Problem[] =>
  typeof text === 'string' && text.length <= MAX_DESCRIPTION_LENGTH && !/[\p{Surrogate}\p{Cc}]/u.test(text)
    ? []
    : [{ path, message: `must be a text of at most ${MAX_DESCRIPTION_LENGTH} characters without control characters` }];

/** Receiver that one request names. The address is a secret of its owner: it lies beside the request, and is erased with it. */
export const requestWebhookSchema = z.object({ url: z.string(), types: z.array(z.enum(notificationTypes)).min(1).readonly() });
export interface RequestWebhook {
  url: string;
  types: readonly NotificationType[];
}
