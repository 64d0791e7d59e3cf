import type { Logger } from '@darkroom/service-runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Methods by which nothing is changed (RFC 9110, 9.2.1). */
const readingMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

const refusal =
  'this request comes from a page of another site, and the dashboard takes changes from its own pages alone; open the dashboard itself, and let a proxy before it pass on the header Host or X-Forwarded-Host';

/**
 * Builds the hook that takes no change from a page of another site, which a browser would send with the password that it remembers, or
 * to a dashboard that asks for none. A caller that is no browser names no site, and is taken.
 */
export const refuseOtherSites =
  (logger: Pick<Logger, 'warn'>) =>
  async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    if (readingMethods.has(request.method) || isOwnSite(request.headers)) return undefined;
    logger.warn({ method: request.method, address: request.ip }, 'change from another site refused');
    // The form in which the board shows errors.
    return reply.code(403).send({ error: { key: 'ERRORS.FORBIDDEN' }, message: refusal });
  };

/**
 * Tells whether the browser names the dashboard's own page as the sender. "same-site" is another one: another port of this machine, or
 * another name under the same domain. Browsers leave `Sec-Fetch-Site` out over plain HTTP, and then `Origin` says it (Fetch Metadata
 * Request Headers, 2.3; RFC 6454, 7). No page of another site can set `X-Forwarded-Host` without being asked first.
 */
function isOwnSite({ origin, host, 'sec-fetch-site': site, 'x-forwarded-host': forwardedHost }: FastifyRequest['headers']): boolean {
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  if (origin === undefined) return true;
  const sender = /^https?:\/\/([^/]+)$/i.exec(origin)?.[1]?.toLowerCase();
  const own = [host, forwardedHost].flat().flatMap((names) => names?.toLowerCase().split(',') ?? []);
  return sender !== undefined && own.some((name) => name.trim() === sender);
}
