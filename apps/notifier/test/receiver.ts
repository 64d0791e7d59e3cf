import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from '@darkroom/testing';
import { onTestFinished } from 'vitest';

export interface Received {
  /** By `performance.now`. */
  at: number;
  headers: IncomingHttpHeaders;
  body: string;
  /** Type and generation, for comparisons. */
  type: string;
  generationId: string;
}

/** An answer: a status, one with headers, or none at all. */
export type Answer = number | { status: number; headers: Record<string, string> } | 'silence' | 'hang-up' | 'other-protocol';

/** Starts a receiver on this machine. The end of the test stops it. @param answer Of the request with this number, from 1. */
export async function startReceiver(answer: (n: number, received: Received) => Answer = () => 204) {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      const { type, data } = JSON.parse(body === '' ? '{}' : body) as { type?: string; data?: { generationId?: string } };
      const each = { at: performance.now(), headers: request.headers, body, type: type ?? '', generationId: data?.generationId ?? '' };
      received.push(each);
      const given = answer(received.length, each);
      if (given === 'hang-up') return void request.socket.destroy();
      if (given === 'silence') return;
      if (given === 'other-protocol')
        return void request.socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: other\r\n\r\n');
      response.writeHead(typeof given === 'number' ? given : given.status, typeof given === 'number' ? {} : given.headers);
      response.end('an answer that is not kept');
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => void server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook?token=secret-of-the-receiver`,
    received,
    until: (count: number, withinMs = 10_000) =>
      eventually(() => (received.length >= count ? received : Promise.reject(new Error(`${received.length} of ${count} came`))), {
        withinMs,
      }),
  };
}
