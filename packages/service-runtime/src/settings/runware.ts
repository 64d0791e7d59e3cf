import { z } from 'zod';
import { secretText, webAddress } from './variables.ts';

/** `RUNWARE_API_KEY` and `RUNWARE_URL` (Runware docs, platform/authentication: one address for every task). */
export const runwareSettings = z
  .object({ RUNWARE_API_KEY: secretText('an API key of Runware'), RUNWARE_URL: webAddress().default('https://api.runware.ai/v1') })
  .transform((env) => ({ apiKey: env.RUNWARE_API_KEY, url: env.RUNWARE_URL }));
export type RunwareSettings = z.output<typeof runwareSettings>;
