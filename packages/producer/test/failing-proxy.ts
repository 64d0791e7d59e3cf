import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A proxy to a Redis on loopback that breaks in the middle of a transfer, and stays broken until it is mended. */
export interface FailingProxy extends AsyncDisposable {
  readonly url: string;
  /** Forwards data up to the `count`-th occurrence of a text, then closes every connection and accepts no new one. */
  breakAfter(text: string, count: number): void;
  /** Forwards the next command with a text, and closes its connection in place of the reply. */
  loseReplyTo(text: string): void;
  mend(): void;
}

export async function startFailingProxy(redisUrl: string): Promise<FailingProxy> {
  const sockets = new Set<Socket>();
  let fuse: { text: string; left: number } | undefined;
  let isBroken = false;
  let unanswered: string | undefined;
  const breakDown = (): void => {
    isBroken = true;
    fuse = undefined;
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };

  const server = createServer((client) => {
    if (isBroken) return void client.destroy();
    const upstream = connect(Number(new URL(redisUrl).port), '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        client.destroy();
        // Redis runs all that came before the break: a reset would discard what it has not read.
        if (!upstream.writableEnded) upstream.destroy();
      });
    }
    let losesReply = false;
    upstream.on('data', (chunk) => (losesReply ? client.destroy() : client.write(chunk)));
    client.on('data', (chunk) => {
      if (unanswered !== undefined && chunk.includes(unanswered)) {
        losesReply = true;
        unanswered = undefined;
      }
      for (let at = chunk.indexOf(fuse?.text ?? '\0'); fuse !== undefined && at !== -1; at = chunk.indexOf(fuse.text, at + 1)) {
        fuse.left -= 1;
        if (fuse.left > 0) continue;
        upstream.end(chunk.subarray(0, at));
        client.destroy();
        sockets.delete(upstream);
        return breakDown();
      }
      upstream.write(chunk);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    // a TCP server has an address of this form once it listens
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    breakAfter: (text, count) => void (fuse = { text, left: count }),
    loseReplyTo: (text) => void (unanswered = text),
    mend: () => void (isBroken = false),
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
