import type { Logger } from '@darkroom/service-runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { matchesCredentials } from './basic-credentials.ts';
import { createFailedLogins } from './failed-logins.ts';
import { isLoopback } from './loopback.ts';
import type { AccessSettings } from './settings.ts';

/** What an orchestrator asks before it knows anybody. */
const openPaths: ReadonlySet<string | undefined> = new Set(['/livez', '/readyz']);

export interface LoginDependencies {
  readonly logger: Logger;
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
}

/** Builds the hook that lets nobody in without the password. Its answers say nothing but their status. */
export function requireLogin({ user, password }: Pick<AccessSettings, 'user' | 'password'>, { logger, now }: LoginDependencies) {
  const failedLogins = createFailedLogins(now);

  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    if (openPaths.has(request.routeOptions.url)) return undefined;
    if (password === undefined) {
      // A page of another site can point its own name at this machine ("DNS rebinding"); the browser still says that name.
      return isLoopback(request.hostname) ? undefined : reply.code(403).send();
    }
    const { authorization } = request.headers;
    // Before the failures: behind a proxy all come from one address, and wrong passwords of one person must lock out no other.
    if (matchesCredentials(authorization, { user, password })) return undefined;
    if (authorization !== undefined) {
      const waitMs = failedLogins.waitMs(request.ip);
      if (waitMs > 0)
        return reply
          .code(429)
          .header('retry-after', Math.ceil(waitMs / 1000))
          .send();
      failedLogins.note(request.ip);
      logger.warn({ address: request.ip }, 'login refused');
    }
    return reply.code(401).header('www-authenticate', 'Basic realm="Darkroom", charset="UTF-8"').send();
  };
}
