import type { FastifyInstance } from 'fastify';

/** Longer than any request takes from its last byte to its answer; a request not fully received by then may never arrive. */
const LIMIT_MS = 2500;

/**
 * Closes an HTTP server: it accepts no more requests and waits for those under way, but not for slow senders or readers.
 * @param hurry Aborted to cut connections instead of waiting for them.
 */
export async function closeServer(server: Pick<FastifyInstance, 'close' | 'server'>, hurry?: AbortSignal): Promise<void> {
  const closeAll = () => server.server.closeAllConnections();
  const late = setTimeout(closeAll, LIMIT_MS);
  hurry?.addEventListener('abort', closeAll, { once: true });
  if (hurry?.aborted === true) closeAll();
  await server.close();
  clearTimeout(late);
  hurry?.removeEventListener('abort', closeAll);
}
