import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** One received request. */
export interface Received {
  method: string;
  /** Path and query. */
  path: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** A server that receives webhooks and uploads. */
export interface Inbox {
  readonly url: string;
  readonly received: readonly Received[];
  /** Returns the bodies of the webhooks so far, parsed. */
  webhooks(): unknown[];
  uploads(): Received[];
}

/** Opens an inbox that closes with the test. @param answer Returns the status for a request, or undefined to leave it unanswered; 200 by default. */
export async function openInbox(answer: (request: Received, count: number) => number | undefined = () => 200): Promise<Inbox> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const entry = { method, path: url, headers, body: Buffer.concat(chunks) };
      received.push(entry);
      const status = answer(entry, received.length);
      if (status !== undefined) response.writeHead(status).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A server that listens on a port has an address of this type.
  const { port } = server.address() as AddressInfo;
  onTestFinished(async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  });
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    webhooks: () => received.filter(({ method }) => method === 'POST').map(({ body }): unknown => JSON.parse(body.toString())),
    uploads: () => received.filter(({ method }) => method === 'PUT'),
  };
}
