import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { fastify, type FastifyInstance, type FastifyServerOptions } from 'fastify';

export interface HttpServerOptions extends FastifyServerOptions {
  /** Longest time for a request to arrive, head and body, in milliseconds. Defaults to 10 seconds. */
  readonly requestLimitMs?: number | undefined;
  /** Longest time for a client to take an answer, in milliseconds; its connection then ends. Defaults to a minute: 10 MB at 1.4 Mbit/s. */
  readonly answerLimitMs?: number;
  /** Maximum number of open connections; further ones are closed at once. Defaults to 2000. */
  readonly maxConnections?: number;
  /** False if the process itself refuses requests without a Host; Node does so without a body. */
  readonly requireHostHeader?: boolean;
}

/**
 * Builds the HTTP server of a process. Slow, silent or many clients take memory and file descriptors from it only within the limits: the
 * port of the health checks shares its table of files with Redis and S3.
 */
export function createHttpServer({
  requestLimitMs = 10_000,
  answerLimitMs = 60_000,
  maxConnections = 2000,
  requireHostHeader = true,
  ...options
}: HttpServerOptions = {}): FastifyInstance {
  const server = fastify({
    // Fastify's own log lines hold the URL, which may hold a capability.
    logger: false,
    clientErrorHandler(error, socket) {
      const status = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? '408 Request Timeout' : '400 Bad Request';
      endConnection(socket, `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    },
    ...options,
    requestTimeout: requestLimitMs,
    http: {
      requireHostHeader,
      // Node swaps the two limits if that of the head is longer (20.20, `ConnectionsList::Expired`), so both are equal and a body has all
      // its time.
      headersTimeout: requestLimitMs,
      // Interval in which Node looks for requests that take too long, 30 s by default (Node docs, `http.createServer`).
      connectionsCheckingInterval: Math.min(1000, requestLimitMs),
    },
  });
  server.server.maxConnections = maxConnections;
  server.server.on('request', (request, response) => {
    const all = unanswered.get(request.socket) ?? new Set();
    unanswered.set(request.socket, all.add(request));
    response.once('close', () => all.delete(request));
  });
  // Node's two limits apply only until the request has arrived. Without this one the answer to a client that does not read would stay in memory
  // for good. A handler that writes its answer by itself, such as a stream of events, sets its own limit.
  server.addHook('onSend', async (_request, { raw }) => {
    const limit = setTimeout(() => raw.destroy(), answerLimitMs).unref();
    raw.once('close', () => clearTimeout(limit));
  });
  return server;
}

/** Time for a client to read the last answer, in milliseconds. */
const LAST_ANSWER_MS = 1000;

/** Requests of each connection that have no whole answer yet. */
const unanswered = new WeakMap<Duplex, Set<IncomingMessage>>();

/**
 * Ends a connection with a last answer, also one whose client goes on to send, or never closes its side. If the client still waits for the
 * answer of an earlier request, it gets none, as it would take this one for it.
 */
export function endConnection(socket: Duplex, answer: string): void {
  // Node has taken its own away from a connection that asks for a tunnel, and an error without one ends the process.
  socket.on('error', () => undefined);
  // The answer to a request that has not arrived whole may be the last one.
  const isAwaited = [...(unanswered.get(socket) ?? [])].some(({ complete }) => complete);
  if (!socket.writable || isAwaited) return void socket.destroy();
  socket.end(answer);
  const limit = setTimeout(() => socket.destroy(), LAST_ANSWER_MS).unref();
  socket.once('close', () => clearTimeout(limit));
}
