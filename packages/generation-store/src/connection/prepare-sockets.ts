import type { Redis } from 'ioredis';

/**
 * Adds what ioredis (6.0) leaves out at the sockets of a connection. It hears only the first error of each (`Redis.connect`), and Node tells
 * of a TLS alert that comes after it, too (20, `TLSSocket._emitTLSError`): unheard, that would end the process. And it adds a listener for each
 * command that a node refuses before the socket is closed (`AbstractConnector.disconnect`), of which Node would warn.
 */
export function prepareSockets(redis: Redis): Redis {
  // ioredis makes the socket in the callbacks of this turn; that of a guided connector comes later, and hears its errors itself.
  redis.on('connecting', () => void setImmediate(() => hearErrors(redis)));
  return redis.on('connect', () => void redis.stream.setMaxListeners(0));
}

/** Errors are told through the connection. */
const hearErrors = ({ stream }: { readonly stream?: Redis['stream'] }): void => void stream?.on('error', () => undefined);
