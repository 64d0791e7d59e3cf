import { readSettings, redisSettings, s3Settings, type Environment, type RedisSettings, type S3Settings } from '@darkroom/service-runtime';
import { z } from 'zod';

/** What the environment says about a start. */
export interface StartConfig {
  /** A Redis that runs already; absent: one is started. */
  redis: RedisSettings | undefined;
  /** An S3 that runs already; absent: one is started. */
  s3: S3Settings | undefined;
  /** Whether a key of the real provider is set. */
  hasRunwareKey: boolean;
  /** Handed down to the processes that are started. */
  environment: Environment;
}

/**
 * A Redis that was not started here may be in use by a Darkroom that buys real images. Its generations must never be bought from
 * an emulator, so the keys of a start are other ones unless they are named.
 */
const PREFIX_IN_A_GIVEN_REDIS = '{darkroom-start}';

const notGiven = z.unknown().transform(() => undefined);

/** Reads the environment. @throws ConfigError with every problem at once. */
export function loadConfig(environment: Environment): StartConfig {
  const isSet = (name: string): boolean => (environment[name] ?? '').trim() !== '';
  const schemas = {
    redis: isSet('REDIS_URL') ? redisSettings : notGiven,
    s3: isSet('S3_ENDPOINT') ? s3Settings : notGiven,
  };
  const withPrefix = isSet('DARKROOM_PREFIX') ? environment : { ...environment, DARKROOM_PREFIX: PREFIX_IN_A_GIVEN_REDIS };
  return { ...readSettings(schemas, withPrefix), hasRunwareKey: isSet('RUNWARE_API_KEY'), environment };
}
