import { Server } from 'node:net';

/** A Redis in JavaScript inside this process. */
export interface InProcessRedis {
  readonly url: string;
  stop(): Promise<void>;
}

const CLOSE_LIMIT_MS = 500;

/**
 * Starts `js-redis-server`. It supports every BullMQ feature that Darkroom uses, but is slow and keeps no data.
 * @throws Error if the package is not installed.
 */
export async function startInProcessRedis(port = 0): Promise<InProcessRedis> {
  const { createRedisServer } = await import('js-redis-server');
  const server = await onLoopback(() => createRedisServer({ port }));
  let stopping: Promise<void> | undefined;
  return {
    url: `redis://127.0.0.1:${server.port}`,
    stop: () => (stopping ??= closeWithin(server.close())),
  };
}

/** Makes the package listen on loopback: it has no setting for the address and would bind every interface. */
async function onLoopback<T>(start: () => Promise<T>): Promise<T> {
  const listen = Server.prototype.listen;
  // Node's `listen` has nine signatures; the package uses the one with a port and a callback.
  Server.prototype.listen = function (this: Server, port: number, listener?: () => void) {
    return listen.call(this, { port, host: '127.0.0.1' }, listener);
  } as typeof listen;
  try {
    return await start();
  } finally {
    Server.prototype.listen = listen;
  }
}

/** Limits the wait of the package's `close`, which waits for clients that may never leave. */
async function closeWithin(closing: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => (timer = setTimeout(resolve, CLOSE_LIMIT_MS)));
  await Promise.race([closing, limit]);
  clearTimeout(timer);
}
