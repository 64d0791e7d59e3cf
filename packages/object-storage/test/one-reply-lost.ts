import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/**
 * A connection to a server on loopback that drops the reply to the first request of `method` and closes, so that the client cannot know if
 * the request arrived. Everything else passes unchanged.
 */
export async function startReplyLosingProxy(target: {
  endpoint: string;
  method: string;
}): Promise<{ endpoint: string; lost: () => number } & AsyncDisposable> {
  const port = Number(new URL(target.endpoint).port);
  const sockets = new Set<Socket>();
  let lost = 0;
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    let losing = false;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (chunk) => {
      losing ||= lost === 0 && chunk.toString('latin1').startsWith(`${target.method} `);
      upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      if (chunk.toString('latin1').startsWith('HTTP/1.1 100')) {
        client.write(chunk);
      } else if (losing && lost === 0) {
        lost += 1;
        client.destroy();
      } else {
        client.write(chunk);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    // A TCP server has an address of this form once it listens.
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lost: () => lost,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
