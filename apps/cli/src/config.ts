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

/** What the environment says about a start. */
export interface StartConfig {
  /** A Redis that runs already; absent: one is started. */
  redis: RedisSettings | undefined;
  /** An S3 that runs already; absent: one is started. */
  s3: S3Settings | undefined;
  /** The provider that images are really bought from; absent: the emulator. */
  runware: RunwareSettings | undefined;
  /** The public address of the receiver, when there is one. */
  webhookBaseUrl: string | undefined;
  /** Handed down to the processes that are started. */
  environment: Environment;
}

/**
 * A Redis that was not started here may be in use by a Darkroom that buys real images. Its generations must never be bought from
 * an emulator, nor those of the emulator for money, so the keys of a start are other ones unless they are named.
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
    // A bucket without an endpoint is one of AWS. Without a key it is left alone: the emulator could not write to it.
    s3: isSet('S3_ENDPOINT') || (isReal && isSet('S3_BUCKET')) ? s3Settings : notGiven,
    runware: isReal ? runwareSettings : notGiven,
    webhook: isReal && isSet('WEBHOOK_BASE_URL') ? webhookAddress : notGiven,
  };
  const prefix = PREFIX_IN_A_GIVEN_REDIS[isReal ? 'runware' : 'emulator'];
  const withPrefix = isSet('DARKROOM_PREFIX') ? environment : { ...environment, DARKROOM_PREFIX: prefix };
  const { redis, s3, runware, webhook } = readSettings(schemas, withPrefix);
  return { redis, s3, runware, webhookBaseUrl: webhook, environment };
}

/** Whether buying from this provider costs money: one on this machine is an emulator. */
export const isRealMoney = ({ url }: RunwareSettings): boolean => !isLoopbackUrl(url);
