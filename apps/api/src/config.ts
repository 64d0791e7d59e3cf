import {
  flag,
  listenSettings,
  logSettings,
  optionalNotificationKeySettings,
  readSettings,
  redisSettings,
  s3Settings,
  wholeNumber,
  type Environment,
} from '@darkroom/service-runtime';
import { z } from 'zod';

/**
 * Longest wait of a stop for the requests under way, in milliseconds: streams and waits end at once, and callers come back. Orchestrators
 * must wait longer (docker-compose.yml, infra/kubernetes/base/api.yaml).
 */
export const DRAIN_MS = 8000;

const apiSettings = z
  .object({
    API_REQUESTS_PER_MINUTE: wholeNumber(1, 10_000_000).default(3000),
    API_MAX_STREAMS: wholeNumber(1, 9000).default(4000),
    API_MAX_STREAMS_PER_TENANT: wholeNumber(1, 9000).default(1000),
    NOTIFIER_ALLOW_LOOPBACK: flag().default(false),
  })
  .transform((env) => ({
    requestsPerMinute: env.API_REQUESTS_PER_MINUTE,
    maxStreams: env.API_MAX_STREAMS,
    maxStreamsOfTenant: env.API_MAX_STREAMS_PER_TENANT,
    allowLoopbackWebhooks: env.NOTIFIER_ALLOW_LOOPBACK,
  }));

/** Settings from the environment, in groups. */
export const apiSchemas = {
  redis: redisSettings,
  s3: s3Settings,
  api: apiSettings,
  notificationKeys: optionalNotificationKeySettings,
  log: logSettings,
  listen: listenSettings(3005),
};

/** Reads the settings of an API. @throws ConfigError with all problems. */
export const loadApiConfig = (env: Environment) => readSettings(apiSchemas, env);
export type ApiConfig = ReturnType<typeof loadApiConfig>;
