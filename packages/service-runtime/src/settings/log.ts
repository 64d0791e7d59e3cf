import { z } from 'zod';
import { logLevels } from '../logging/logger.ts';
import { flag, oneOf } from './variables.ts';

/** `LOG_LEVEL` and `LOG_PROMPTS`. */
export const logSettings = z
  .object({ LOG_LEVEL: oneOf(logLevels).default('info'), LOG_PROMPTS: flag().default(false) })
  .transform((env) => ({ level: env.LOG_LEVEL, logPrompts: env.LOG_PROMPTS }));
export type LogSettings = z.output<typeof logSettings>;
