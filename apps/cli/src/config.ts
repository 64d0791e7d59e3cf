import {
  isLoopbackUrl,
  readSettings,
  redisSettings,
  runwareSettings,
  s3Settings,
  webAddress,
  type Environment,
  type RedisSettings,
  type RunwareSettings,
  type S3Settings,
} from '@darkroom/service-runtime';
import { z } from 'zod';

/** Settings of a start, from the environment. */
export interface StartConfig {
  /** An existing Redis; undefined: the start runs one. */
  redis: RedisSettings | undefined;
  /** An existing S3; undefined: the start runs one. */
  s3: S3Settings | undefined;
  /** The provider to buy from; undefined: the emulator. */
  runware: RunwareSettings | undefined;
  /** The public address of the receiver, when there is one. */
  webhookBaseUrl: string | undefined;
  /** Passed on to the started processes. */
  environment: Environment;
}

/**
 * Default prefixes in an existing Redis, which a Darkroom that buys real images may use as well. Its generations must never be bought
 * from an emulator, nor those of the emulator for money, so a start has keys of its own unless DARKROOM_PREFIX names them.
 */
const PREFIX_IN_A_GIVEN_REDIS = { emulator: '{darkroom-start}', runware: '{darkroom-laptop}' };

const webhookAddress = z.object({ WEBHOOK_BASE_URL: webAddress() }).transform((env) => env.WEBHOOK_BASE_URL.replace(/\/+$/, ''));
const notGiven = z.unknown().transform(() => undefined);

/** Reads the environment. @throws ConfigError with every problem at once. */
export function loadConfig(environment: Environment): StartConfig {
  const isSet = (name: string): boolean => (environment[name] ?? '').trim() !== '';
  const isReal = isSet('RUNWARE_API_KEY');
  const schemas = {
    redis: isSet('REDIS_URL') ? redisSettings : notGiven,
    // A bucket without an endpoint is at AWS. Without RUNWARE_API_KEY it is not used: the emulator could not write to it.
    s3: isSet('S3_ENDPOINT') || (isReal && isSet('S3_BUCKET')) ? s3Settings : notGiven,
    runware: isReal ? runwareSettings : notGiven,
    webhook: isReal && isSet('WEBHOOK_BASE_URL') ? webhookAddress : notGiven,
  };
  const prefix = PREFIX_IN_A_GIVEN_REDIS[isReal ? 'runware' : 'emulator'];
  const withPrefix = isSet('DARKROOM_PREFIX') ? environment : { ...environment, DARKROOM_PREFIX: prefix };
  const { redis, s3, runware, webhook } = readSettings(schemas, withPrefix);
  return { redis, s3, runware, webhookBaseUrl: webhook, environment };
}

/** Returns true if buying from this provider costs money: a provider on this machine is an emulator. */
export const isRealMoney = ({ url }: RunwareSettings): boolean => !isLoopbackUrl(url);
