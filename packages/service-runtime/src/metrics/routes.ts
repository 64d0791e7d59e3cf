import type { FastifyPluginAsync } from 'fastify';
import type { Metrics } from './metrics.ts';

/** Creates a fastify plugin with one route, `GET /metrics`, in the text format of Prometheus. */
export const createMetricsRoutes =
  (metrics: Metrics): FastifyPluginAsync =>
  async (server) => {
    server.get('/metrics', async (_request, reply) => {
      const { contentType, text } = await metrics.render();
      return reply.header('content-type', contentType).header('cache-control', 'no-store').send(text);
    });
  };
