import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { SubmitVerdict } from '@darkroom/contracts';
import { describe, expect, test } from 'vitest';
import { createPooledFetch, createRunwareClient, type PooledFetch } from '../src/index.ts';
import { neverAnswer } from './scripted-provider.ts';
import { apiKey, NOW, order, setup } from './world.ts';

/** A TCP server that treats every connection as the test scripts. */
async function startTcpServer(onConnection: (socket: Socket) => void): Promise<{ port: number } & AsyncDisposable> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    // A TCP server has an address of this form once it listens.
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

async function closedPort(): Promise<number> {
  await using server = await startTcpServer(() => {});
  return server.port;
}

/** The platform's `fetch`, and that of a worker, whose connections the test closes. */
const ways: readonly [string, () => { fetch?: PooledFetch['fetch']; close(): Promise<void> }][] = [
  ['pooled', () => createPooledFetch(10)],
  ['of the platform', () => ({ close: () => Promise.resolve() })],
];

describe.each(ways)('fetch %s', (_way, createFetch) => {
  async function submitTo(url: string): Promise<SubmitVerdict> {
    const { fetch, close } = createFetch();
    const client = createRunwareClient(
      { url, apiKey, requestTimeoutMs: 5000, maxImageBytes: 1024 },
      { now: () => NOW, ...(fetch && { fetch }) },
    );
    try {
      return await client.submit(order);
    } finally {
      await close();
    }
  }

  test('a port without a listener is not reached', async () => {
    const port = await closedPort();
    expect(await submitTo(`http://127.0.0.1:${port}/v1`)).toMatchObject({
      kind: 'not-sent',
      fault: { class: 'network', code: 'ECONNREFUSED' },
    });
  });

  test('a host with several addresses and no listener is not reached', async () => {
    const port = await closedPort();
    expect(await submitTo(`http://localhost:${port}/v1`)).toMatchObject({ kind: 'not-sent', fault: { code: 'ECONNREFUSED' } });
  });

  test('a server that does not answer the TLS handshake is not reached', async () => {
    await using server = await startTcpServer((socket) => socket.on('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')));
    expect(await submitTo(`https://127.0.0.1:${server.port}/v1`)).toMatchObject({ kind: 'not-sent' });
  });

  test('a server that ends the connection inside the handshake is not reached', async () => {
    await using server = await startTcpServer((socket) => socket.on('data', () => socket.end()));
    expect(await submitTo(`https://127.0.0.1:${server.port}/v1`)).toMatchObject({
      kind: 'not-sent',
      fault: { code: 'ECONNRESET' },
    });
  });

  test('a server that drops the connection before reading may have been reached', async () => {
    await using server = await startTcpServer((socket) => socket.resetAndDestroy());
    expect(await submitTo(`http://127.0.0.1:${server.port}/v1`)).toMatchObject({
      kind: 'unknown',
      fault: { class: 'network' },
    });
  });
});

test('a missing answer ends at the time limit as unknown', async () => {
  await using world = await setup(neverAnswer, { requestTimeoutMs: 150 });
  expect(await world.client.submit(order)).toMatchObject({ kind: 'unknown', fault: { class: 'network', code: 'REQUEST_TIMEOUT' } });
});

test('an endless answer ends at the time limit as unknown', async () => {
  await using world = await setup((_request, response) => void response.writeHead(200).write('{"data":['), { requestTimeoutMs: 150 });
  expect(await world.client.submit(order)).toMatchObject({ kind: 'unknown' });
});

test('a request aborted after it left is unknown', async () => {
  const giveUp = new AbortController();
  await using world = await setup(() => giveUp.abort());
  expect(await world.client.submit(order, giveUp.signal)).toMatchObject({ kind: 'unknown', fault: { code: 'REQUEST_ABORTED' } });
});

test('a request aborted before it left is not sent', async () => {
  await using world = await setup();
  expect(await world.client.submit(order, AbortSignal.abort())).toMatchObject({ kind: 'not-sent', fault: { code: 'REQUEST_ABORTED' } });
  expect(world.provider.seen).toHaveLength(0);
});
