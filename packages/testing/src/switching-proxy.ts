import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/**
 * A loopback address that leads to one server and later to another, like the address of a managed store after a failover. Open
 * connections stay with their server.
 */
export interface SwitchingProxy extends AsyncDisposable {
  readonly url: string;
  /** Leads new connections to this server; open ones stay where they are. */
  moveTo(url: string): void;
  /** Swallows all bytes of the open connections in both directions, and leaves them open. New ones work. */
  silence(): void;
  /** Returns the number of connections so far. */
  connections(): number;
}

export async function startSwitchingProxy(url: string): Promise<SwitchingProxy> {
  const sockets = new Set<Socket>();
  let target = Number(new URL(url).port);
  let generation = 0;
  let connections = 0;
  const server = createServer((client) => {
    const born = generation;
    connections += 1;
    const upstream = connect(target, '127.0.0.1');
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on('error', () => undefined);
      from.on('data', (chunk) => {
        if (born === generation) to.write(chunk);
      });
      from.on('close', () => {
        sockets.delete(from);
        // A swallowed connection looks open to each side that holds it.
        if (born === generation || from === client) to.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    // a TCP server has an address of this form once it listens
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    moveTo: (next) => void (target = Number(new URL(next).port)),
    silence: () => void (generation += 1),
    connections: () => connections,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
