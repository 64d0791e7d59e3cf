import { text } from '@darkroom/service-runtime';
import { z } from 'zod';
import { isLoopback } from './loopback.ts';

/** A random one of this length is not guessed at any rate that this server answers: a right password always enters. */
const password = text('a password of at least 12 characters').min(12, { error: 'must be a password of at least 12 characters' });

/**
 * `DASHBOARD_USER` and `DASHBOARD_PASSWORD`. Whoever sees the dashboard can retry jobs and stop the queues: without a
 * password it listens to this machine alone, so `HOST`, which is unset or loopback then, decides whether there must be one.
 */
export const accessSettings = z
  .object({
    HOST: z.string().optional(),
    DASHBOARD_USER: text('a user name without ":"')
      .regex(/^[^:]+$/, { error: 'must be a user name without ":"' })
      .default('darkroom'),
    DASHBOARD_PASSWORD: password.optional(),
  })
  .transform((env, context) => {
    if (env.DASHBOARD_PASSWORD === undefined && env.HOST !== undefined && !isLoopback(env.HOST)) {
      context.addIssue({
        code: 'custom',
        path: ['DASHBOARD_PASSWORD'],
        message: 'with a HOST that others can reach it must be a password of at least 12 characters',
      });
      return z.NEVER;
    }
    return { user: env.DASHBOARD_USER, password: env.DASHBOARD_PASSWORD };
  });
export type AccessSettings = z.output<typeof accessSettings>;
