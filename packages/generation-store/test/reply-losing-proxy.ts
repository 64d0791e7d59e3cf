import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/**
 * A way to a Redis on loopback that, once armed, passes the next request on, swallows its reply and closes: the client cannot
 * know whether it was executed. Later connections pass everything.
 */
export async function startReplyLosingProxy(redisUrl: string): Promise<{ url: string; arm(): void; lost(): number } & AsyncDisposable> {
  const sockets = new Set<Socket>();
  let isArmed = false;
  let lost = 0;
  const server = createServer((client) => {
    const upstream = connect(Number(new URL(redisUrl).port), '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (chunk) => upstream.write(chunk));
    upstream.on('data', (chunk) => {
      if (!isArmed) return void client.write(chunk);
      isArmed = false;
      lost += 1;
      client.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    // a TCP server has an address of this form once it listens
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arm: () => void (isArmed = true),
    lost: () => lost,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
