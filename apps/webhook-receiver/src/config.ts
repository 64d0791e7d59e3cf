import {
  capabilityKeySettings,
  listenSettings,
  logSettings,
  readSettings,
  redisSettings,
  type Environment,
} from '@darkroom/service-runtime';

/**
 * How long a stop waits for what is under way, in milliseconds: a delivery that has arrived ends within two seconds, and
 * the line of one that is still arriving is cut soon after (`closeServer`). Orchestrators must wait longer (docker-compose.yml, infra/kubernetes/base/receiver.yaml).
 */
export const DRAIN_MS = 10_000;

/** What is read from the environment, in groups. */
export const receiverSchemas = { redis: redisSettings, keys: capabilityKeySettings, log: logSettings, listen: listenSettings(3002) };

/** Reads the settings of a receiver. @throws ConfigError with every problem at once. */
export const loadReceiverConfig = (env: Environment) => readSettings(receiverSchemas, env);
export type ReceiverConfig = ReturnType<typeof loadReceiverConfig>;
