import { isLoopbackHost } from '@darkroom/contracts';
import { text } from '@darkroom/service-runtime';
import { z } from 'zod';

/** A random password of this length cannot be guessed at the rate of this server, so the right password is never locked out. */
const password = text('a password of at least 12 characters').min(12, { error: 'must be a password of at least 12 characters' });

const userName = text('a user name without ":"').regex(/^[^:]+$/, { error: 'must be a user name without ":"' });

/** A user who may look, and change nothing. */
export interface LookSettings {
  readonly user: string;
  readonly password: string;
}

/**
 * `DASHBOARD_USER` and `DASHBOARD_PASSWORD`, of the user who may act; `DASHBOARD_LOOK_USER` and `DASHBOARD_LOOK_PASSWORD`, of one who may look. A user of the dashboard can retry jobs and stop the queues, so a password is required
 * unless `HOST` is unset or loopback: then only this machine can reach it.
 */
export const accessSettings = z
  .object({
    HOST: z.string().optional(),
    DASHBOARD_USER: userName.default('darkroom'),
    DASHBOARD_PASSWORD: password.optional(),
    DASHBOARD_LOOK_USER: userName.default('look'),
    DASHBOARD_LOOK_PASSWORD: password.optional(),
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
    const { DASHBOARD_USER: user, DASHBOARD_LOOK_USER: looker, DASHBOARD_LOOK_PASSWORD: lookPassword } = env;
    if (lookPassword !== undefined && env.DASHBOARD_PASSWORD === undefined)
      context.addIssue({
        code: 'custom',
        path: ['DASHBOARD_PASSWORD'],
        message: 'must be set beside DASHBOARD_LOOK_PASSWORD: without it everyone may act',
      });
    if (lookPassword !== undefined && user === looker)
      context.addIssue({ code: 'custom', path: ['DASHBOARD_LOOK_USER'], message: 'must differ from DASHBOARD_USER' });
    return {
      user,
      password: env.DASHBOARD_PASSWORD,
      look: lookPassword === undefined ? undefined : ({ user: looker, password: lookPassword } satisfies LookSettings),
    };
  });
export type AccessSettings = z.output<typeof accessSettings>;
