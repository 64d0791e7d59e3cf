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

const eraserSettings = z
  .object({ ERASER_EVERY_MS: wholeNumber(100, 600_000).default(5000) })
  .transform((env) => ({ everyMs: env.ERASER_EVERY_MS }));

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
