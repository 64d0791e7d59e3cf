import { isLoopbackHost } from '@darkroom/contracts';
import type { Logger } from '@darkroom/service-runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { matchesCredentials } from './basic-credentials.ts';
import { createFailedLogins } from './failed-logins.ts';

import type { AccessSettings } from './settings.ts';

/** Paths without login: an orchestrator has no password. */
const openPaths: ReadonlySet<string | undefined> = new Set(['/livez', '/readyz']);

export interface LoginDependencies {
  readonly logger: Logger;
  /** A monotonic clock, in milliseconds. */
  readonly now: () => number;
}

/** Builds the hook that refuses every request without a password, and notes the user. Its answers have a status and no body. */
export function requireLogin({ user, password, look }: AccessSettings, { logger, now }: LoginDependencies) {
  const failedLogins = createFailedLogins(now);

  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    if (openPaths.has(request.routeOptions.url)) return undefined;
    if (password === undefined) {
      // A page of another site can point its own name at this machine ("DNS rebinding"); the browser still sends that name as the host.
      if (!isLoopbackHost(request.hostname)) return reply.code(403).send();
      request.visitor = { user, role: 'act' };
      return undefined;
    }
    const { authorization } = request.headers;
    // Checked before the failures: behind a proxy all users share one address, and the wrong passwords of one must not lock out the others.
    if (matchesCredentials(authorization, { user, password })) {
      request.visitor = { user, role: 'act' };
      return undefined;
    }
    if (look !== undefined && matchesCredentials(authorization, look)) {
      request.visitor = { user: look.user, role: 'look' };
      return undefined;
    }
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
