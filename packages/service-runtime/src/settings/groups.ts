import { isIP } from 'node:net';
import { findPrefixProblem, KEY_PREFIX_RULE, withoutBrackets } from '@darkroom/contracts';
import { z } from 'zod';
import { flag, formed, oneOf, redisUrl, secretText, text, webAddress, wholeNumber } from './variables.ts';
import { logLevels } from '../logging/logger.ts';

/*
 * Settings that several processes read: address to listen on, log, Redis, Runware, reconciler and the id of the Darkroom.
 */

/** `HOST` (this machine alone unless set) and `PORT`. @param defaultPort Each process that listens has its own; 0 is any free one. */
export const listenSettings = (defaultPort: number) =>
  z
    .object({
      HOST: formed('a host name or address to listen on', findHostProblem).default('127.0.0.1'),
      PORT: wholeNumber(0, 65_535).default(defaultPort),
    })
    .transform((env) => ({ host: withoutBrackets(env.HOST), port: env.PORT }));
export type ListenSettings = z.output<ReturnType<typeof listenSettings>>;

/** Describes the problem of a host to listen on, without repeating it. @returns undefined for a valid host */
function findHostProblem(host: string): string | undefined {
  if (isIP(withoutBrackets(host)) !== 0) return undefined;
  if (/[\s\p{Cc}]/u.test(host)) return 'has a blank or line break in it';
  if (/[/@?#]/.test(host)) return 'is an address with more than a host';
  if (/:\d*$/.test(host)) return 'has a port in it, which has its own setting (PORT)';
  if (host === '*') return 'is no address (for every address of this machine use 0.0.0.0 or ::)';
  return /^[a-z\d_](?:[a-z\d_.-]{0,251}[a-z\d_.])?$/i.test(host) ? undefined : 'has a character in it that no host has';
}

/** `LOG_LEVEL` and `LOG_PROMPTS`. */
export const logSettings = z
  .object({ LOG_LEVEL: oneOf(logLevels).default('info'), LOG_PROMPTS: flag().default(false) })
  .transform((env) => ({ level: env.LOG_LEVEL, logPrompts: env.LOG_PROMPTS }));
export type LogSettings = z.output<typeof logSettings>;

/** `REDIS_URL` and `DARKROOM_PREFIX`. */
export const redisSettings = z
  .object({
    REDIS_URL: redisUrl(),
    // The hash tag puts all keys of a prefix into one slot of a Redis Cluster, so that scripts may use several keys.
    DARKROOM_PREFIX: formed(KEY_PREFIX_RULE, findPrefixProblem).default('{darkroom}'),
  })
  .transform((env) => ({ url: env.REDIS_URL, prefix: env.DARKROOM_PREFIX }));
export type RedisSettings = z.output<typeof redisSettings>;

/** `RUNWARE_API_KEY` and `RUNWARE_URL` (Runware docs, platform/authentication: one address for every task). */
export const runwareSettings = z
  .object({ RUNWARE_API_KEY: secretText('an API key of Runware'), RUNWARE_URL: webAddress().default('https://api.runware.ai/v1') })
  .transform((env) => ({ apiKey: env.RUNWARE_API_KEY, url: env.RUNWARE_URL }));
export type RunwareSettings = z.output<typeof runwareSettings>;

/** Settings on which workers and an operator's `reconcile` must agree when they repair entries. */
export const reconcileSettings = z
  .object({
    WORKER_MAX_SUBMISSIONS: wholeNumber(1, 10).default(2),
    WORKER_RECONCILE_EVERY_MS: wholeNumber(1000, 86_400_000).default(300_000),
    WORKER_RECONCILE_GRACE_MS: wholeNumber(100, 600_000).default(15_000),
  })
  .transform((env) => ({
    maxSubmissions: env.WORKER_MAX_SUBMISSIONS,
    everyMs: env.WORKER_RECONCILE_EVERY_MS,
    graceMs: env.WORKER_RECONCILE_GRACE_MS,
  }));

const DARKROOM_ID_RULE = 'the id of a Darkroom, as darkroom doctor shows it';

/** `DARKROOM_ID`: binds processes to one Darkroom, whose id its bucket holds. */
export const darkroomSettings = z
  .object({
    DARKROOM_ID: text(DARKROOM_ID_RULE)
      .regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, { error: `must be ${DARKROOM_ID_RULE}` })
      .optional(),
  })
  .transform((env) => ({ id: env.DARKROOM_ID }));
