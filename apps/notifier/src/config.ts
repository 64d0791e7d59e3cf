import {
  flag,
  listenSettings,
  logSettings,
  notificationKeySettings,
  readSettings,
  redisSettings,
  text,
  wholeNumber,
  type Environment,
} from '@darkroom/service-runtime';
import { z } from 'zod';
import { defaultDelaysMs } from './send/schedule.ts';

/**
 * Longest wait of a stop for the attempts under way, in milliseconds: one ends within its own time limit, or is cut off and made again.
 * Orchestrators must wait longer (docker-compose.yml, infra/kubernetes/base/notifier.yaml).
 */
export const DRAIN_MS = 20_000;

const DELAYS_RULE = 'whole milliseconds before each attempt after the first, with a comma between two';

const delaysMs = text(DELAYS_RULE)
  .regex(/^\d{1,9}(,\d{1,9}){0,29}$/, { error: `must be ${DELAYS_RULE}, at most 30 of them` })
  .transform((list) => list.split(',').map(Number));

const notifierSettings = z
  .object({
    NOTIFIER_ALLOW_LOOPBACK: flag().default(false),
    NOTIFIER_CONCURRENCY: wholeNumber(2, 2000).default(200),
    NOTIFIER_DELAYS_MS: delaysMs.default([...defaultDelaysMs]),
    NOTIFIER_DISABLE_AFTER_MS: wholeNumber(1000, 2_592_000_000).default(5 * 86_400_000),
    NOTIFIER_TIMEOUT_MS: wholeNumber(100, 60_000).default(15_000),
  })
  .transform((env) => ({
    allowLoopback: env.NOTIFIER_ALLOW_LOOPBACK,
    concurrency: env.NOTIFIER_CONCURRENCY,
    delaysMs: env.NOTIFIER_DELAYS_MS,
    disableAfterMs: env.NOTIFIER_DISABLE_AFTER_MS,
    timeoutMs: env.NOTIFIER_TIMEOUT_MS,
  }));

/** Settings from the environment, in groups. */
export const notifierSchemas = {
  redis: redisSettings,
  keys: notificationKeySettings,
  notifier: notifierSettings,
  log: logSettings,
  listen: listenSettings(3006),
};

/** Reads the settings of a notifier. @throws ConfigError with all problems. */
export const loadNotifierConfig = (env: Environment) => readSettings(notifierSchemas, env);
export type NotifierConfig = ReturnType<typeof loadNotifierConfig>;
