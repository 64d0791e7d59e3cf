import type { Logger } from '@darkroom/service-runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Methods that change nothing (RFC 9110, 9.2.1). */
const readingMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

const refusal =
  'this request comes from a page of another site, and the dashboard accepts changes from its own pages only; open the dashboard itself, and let a proxy in front of it pass on the header Host or X-Forwarded-Host';

/**
 * Builds the hook that refuses a change requested by a page of another site: the browser would send it with the remembered password, or
 * to a dashboard without one. A client other than a browser names no site and is accepted.
 */
export const refuseOtherSites =
  (logger: Pick<Logger, 'warn'>) =>
  async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    if (readingMethods.has(request.method) || isOwnSite(request.headers)) return undefined;
    logger.warn({ method: request.method, address: request.ip }, 'change from another site refused');
    // The form of errors that the board shows.
    return reply.code(403).send({ error: { key: 'ERRORS.FORBIDDEN' }, message: refusal });
  };

/**
 * Returns true if the browser names a page of the dashboard as the sender, or no browser sent the request. "same-site" is another site:
 * another port of this machine, or another name under the same domain. Over plain HTTP browsers omit `Sec-Fetch-Site`; then `Origin`
 * decides (Fetch Metadata Request Headers, 2.3; RFC 6454, 7). A page of another site cannot set `X-Forwarded-Host` without a preflight,
 * which the dashboard does not allow.
 */
function isOwnSite({ origin, host, 'sec-fetch-site': site, 'x-forwarded-host': forwardedHost }: FastifyRequest['headers']): boolean {
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  if (origin === undefined) return true;
  const sender = /^https?:\/\/([^/]+)$/i.exec(origin)?.[1]?.toLowerCase();
  const own = [host, forwardedHost].flat().flatMap((names) => names?.toLowerCase().split(',') ?? []);
  return sender !== undefined && own.some((name) => name.trim() === sender);
}
