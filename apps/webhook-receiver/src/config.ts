import {
  capabilityKeySettings,
  listenSettings,
  logSettings,
  readSettings,
  redisSettings,
  type Environment,
} from '@darkroom/service-runtime';

const schemas = { redis: redisSettings, keys: capabilityKeySettings, log: logSettings, listen: listenSettings(3002) };

/** Reads the settings of a receiver. @throws ConfigError with every problem at once. */
export const loadReceiverConfig = (env: Environment) => readSettings(schemas, env);
export type ReceiverConfig = ReturnType<typeof loadReceiverConfig>;
