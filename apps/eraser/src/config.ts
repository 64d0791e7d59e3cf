import { defined } from '@darkroom/contracts';
import {
  darkroomSettings,
  listenSettings,
  logSettings,
  readSettings,
  redisSettings,
  s3Settings,
  timingSettings,
  wholeNumber,
  type Environment,
} from '@darkroom/service-runtime';
import { z } from 'zod';

/**
 * Longest wait of a stop for the request under way, in milliseconds. Orchestrators must wait longer (docker-compose.yml,
 * infra/kubernetes/base/eraser.yaml).
 */
export const DRAIN_MS = 5000;

/** Longest duration of one request to S3, in milliseconds. */
export const REQUEST_TIMEOUT_MS = 10_000;

/**
 * Least age at which something goes by its age, in days: a week in Redis after the end, and a day in which its outcome is looked for. So nothing
 * goes that is open, or that a rebuild restores.
 */
export const LEAST_KEPT_DAYS = 8;
const keptDays = wholeNumber(LEAST_KEPT_DAYS, 36_500).optional();

const eraserSettings = z
  .object({ ERASER_EVERY_MS: wholeNumber(100, 600_000).default(5000), RETAIN_REQUESTS_DAYS: keptDays, RETAIN_IMAGES_DAYS: keptDays })
  .transform((env) => ({
    everyMs: env.ERASER_EVERY_MS,
    kept: defined({ requests: env.RETAIN_REQUESTS_DAYS, images: env.RETAIN_IMAGES_DAYS }),
  }));

/** Settings from the environment, in groups. */
export const eraserSchemas = {
  redis: redisSettings,
  darkroom: darkroomSettings,
  s3: s3Settings,
  timing: timingSettings,
  eraser: eraserSettings,
  log: logSettings,
  listen: listenSettings(3004),
};

/** Reads the settings of an eraser. @throws ConfigError with all problems. */
export const loadEraserConfig = (env: Environment) => readSettings(eraserSchemas, env);
export type EraserConfig = ReturnType<typeof loadEraserConfig>;
