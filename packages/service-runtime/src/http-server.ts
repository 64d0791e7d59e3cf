import { fastify, type FastifyInstance, type FastifyServerOptions } from 'fastify';

export interface HttpServerOptions extends FastifyServerOptions {
  /** How long a request may take to arrive, head and body, in milliseconds. Defaults to 10 seconds. */
  readonly requestLimitMs?: number | undefined;
  /** How many connections may be open at once; further ones are hung up on. Defaults to 2000. */
  readonly maxConnections?: number;
}

/**
 * Builds the HTTP server of a process. A client that is slow, silent or many takes from it neither memory nor its open files for
 * longer than the limits: the port that says whether a process lives stands beside Redis and S3 in the same table of files.
 */
export function createHttpServer({ requestLimitMs = 10_000, maxConnections = 2000, ...options }: HttpServerOptions = {}): FastifyInstance {
  const server = fastify({
    // Fastify's own log lines hold the URL, which may hold a capability.
    logger: false,
    clientErrorHandler(error, socket) {
      const status = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? '408 Request Timeout' : '400 Bad Request';
      if (socket.writable) socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      else socket.destroy();
    },
    ...options,
    requestTimeout: requestLimitMs,
    http: {
      // Node swaps the two limits when that of the head is the longer one (20.20, `ConnectionsList::Expired`): a body has all its time then.
      headersTimeout: requestLimitMs,
      // How often Node looks for requests that take too long: every 30 s unless told (Node docs, `http.createServer`).
      connectionsCheckingInterval: Math.min(1000, requestLimitMs),
    },
  });
  server.server.maxConnections = maxConnections;
  return server;
}
