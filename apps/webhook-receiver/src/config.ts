import {
  capabilityKeySettings,
  listenSettings,
  logSettings,
  readSettings,
  redisSettings,
  tracingSettings,
  type Environment,
} from '@darkroom/service-runtime';

/**
 * Longest wait of a stop for the deliveries under way, in milliseconds: one that has arrived ends within two seconds, and the connection
 * of one that is still arriving is closed soon after (`closeServer`). Orchestrators must wait longer (docker-compose.yml,
 * infra/kubernetes/base/receiver.yaml).
 */
export const DRAIN_MS = 10_000;

/** Settings from the environment, in groups. */
export const receiverSchemas = {
  redis: redisSettings,
  keys: capabilityKeySettings,
  tracing: tracingSettings,
  log: logSettings,
  listen: listenSettings(3002),
};

/** Reads the settings of a receiver. @throws ConfigError with all problems. */
export const loadReceiverConfig = (env: Environment) => readSettings(receiverSchemas, env);
export type ReceiverConfig = ReturnType<typeof loadReceiverConfig>;
