import type { FastifyInstance } from 'fastify';

/** What a request needs from its last byte to its answer is less: what was not received whole by then may never be. */
const LIMIT_MS = 2500;

/**
 * Closes an HTTP server: it takes no more requests and waits for those under way, but for no sender or reader who takes its time.
 * @param hurry Aborted when connections are to be cut instead of waited for.
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
