import {
  ConfigError,
  describeGiven,
  findPrefixProblem,
  isTenant,
  ProblemList,
  CAPABILITY_KEYS_RULE,
  readCapabilityKeys,
  readOptions,
  readRedisAddress,
  resolveByServers,
  TENANT_RULE,
  defined,
} from '@darkroom/contracts';
import { buildNotificationStore, connectFailFast, DEFAULT_PREFIX, watchConnection } from '@darkroom/generation-store';
import { createAvailability } from '../availability.ts';
import { buildWebhookEndpoints } from './build-webhook-endpoints.ts';
import type { WebhookEndpoints, WebhookEndpointsOptions } from './webhook-endpoints.ts';

const names = ['redisUrl', 'prefix', 'tenant', 'keys', 'allowLoopback'] as const satisfies readonly (keyof WebhookEndpointsOptions)[];

/**
 * Connects to Redis at once, for the webhook endpoints of a tenant; the calls, not this function, report an absent Redis.
 * @throws ConfigError with all problems of the options at once.
 */
export function createWebhookEndpoints(given: WebhookEndpointsOptions): WebhookEndpoints {
  const problems = new ProblemList();
  const options = readOptions(given, { path: '', known: names, otherNames: { url: 'redisUrl', connection: 'redisUrl' } }, problems);
  if (options === undefined) throw new ConfigError(problems);
  const { redisUrl, prefix = DEFAULT_PREFIX, tenant = 'default', keys: keyText, allowLoopback = false } = options;
  const address = readRedisAddress(redisUrl);
  if ('problem' in address) problems.push({ path: 'redisUrl', message: address.problem });
  if (typeof prefix !== 'string' || findPrefixProblem(prefix) !== undefined)
    problems.push({ path: 'prefix', message: 'must be the prefix of the workers', given: describeGiven(prefix) });
  if (!isTenant(tenant)) problems.push({ path: 'tenant', message: `must be ${TENANT_RULE}`, given: describeGiven(tenant) });
  if (typeof allowLoopback !== 'boolean') problems.push({ path: 'allowLoopback', message: 'must be true or false' });
  const keys = keyText === undefined ? undefined : readCapabilityKeys(keyText);
  if (keyText !== undefined && keys === undefined) problems.push({ path: 'keys', message: `must be ${CAPABILITY_KEYS_RULE}` });
  if (problems.count > 0) throw new ConfigError(problems);
  const redis = connectFailFast(redisUrl, prefix);
  const watch = watchConnection(redis, { prefix, look: 'ping', process: 'producer' });
  const { ask, close: refuseCalls } = createAvailability(redis, watch);
  return buildWebhookEndpoints({
    store: buildNotificationStore({ prefix }, redis),
    ask,
    tenant,
    ...defined({ keys }),
    rules: { allowLoopback, resolve: resolveByServers },
    close: async () => {
      refuseCalls();
      watch.close();
      redis.disconnect();
    },
  });
}
