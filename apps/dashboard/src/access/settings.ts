import { isLoopbackHost } from '@darkroom/contracts';
import { text } from '@darkroom/service-runtime';
import { z } from 'zod';

/** A random password of this length cannot be guessed at the rate of this server, so the right password is never locked out. */
const password = text('a password of at least 12 characters').min(12, { error: 'must be a password of at least 12 characters' });

/**
 * `DASHBOARD_USER` and `DASHBOARD_PASSWORD`. A user of the dashboard can retry jobs and stop the queues, so a password is required
 * unless `HOST` is unset or loopback: then only this machine can reach it.
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
    if (env.DASHBOARD_PASSWORD === undefined && env.HOST !== undefined && !isLoopbackHost(env.HOST)) {
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
