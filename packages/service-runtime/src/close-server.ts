import type { FastifyInstance } from 'fastify';

/**
 * Closes an HTTP server: it takes no more requests and waits for those under way.
 * @param hurry Aborted when connections are to be cut instead of waited for.
 */
export async function closeServer(server: Pick<FastifyInstance, 'close' | 'server'>, hurry?: AbortSignal): Promise<void> {
  const closeAll = () => server.server.closeAllConnections();
  hurry?.addEventListener('abort', closeAll, { once: true });
  if (hurry?.aborted === true) closeAll();
  await server.close();
  hurry?.removeEventListener('abort', closeAll);
}
