import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** An address that leads to a Redis for a number of requests, and to nothing from then on. */
export interface RedisCutter extends AsyncDisposable {
  readonly url: string;
  /** Returns the number of requests so far: pieces that a client sent at once. */
  requests(): number;
}

/** Starts the address. @param after The first request that is not passed on, counted over all connections. */
export async function startRedisCutter(url: string, after = Infinity): Promise<RedisCutter> {
  const sockets = new Set<Socket>();
  let requests = 0;
  const server = createServer((client) => {
    const upstream = connect(Number(new URL(url).port), '127.0.0.1');
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on('error', () => undefined).on('close', () => to.destroy());
    }
    upstream.pipe(client);
    client.on('data', (bytes) => {
      requests += 1;
      if (requests >= after) cut();
      else upstream.write(bytes);
    });
  });
  const cut = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    // a TCP server has an address of this form once it listens
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: () => requests,
    [Symbol.asyncDispose]: async () => cut(),
  };
}
