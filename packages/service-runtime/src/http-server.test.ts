import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { createHttpServer, endConnection, type HttpServerOptions } from './http-server.ts';

const LIMIT_MS = 300;

async function setup(options: HttpServerOptions) {
  const server = createHttpServer(options);
  server.get('/', async () => 'here');
  server.post('/', async () => 'taken');
  onTestFinished(() => server.close());
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  const dial = (): Socket => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => undefined);
    onTestFinished(() => void socket.destroy());
    return socket;
  };
  return { url, dial };
}

test.for([
  ['nothing', '', ''],
  ['its first line', 'GET /', 'x'],
  ['its headers', 'GET / HTTP/1.1\r\nHost: a\r\n', 'x: y\r\n'],
  ['its body', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\nContent-Type: text/plain\r\n\r\n', 'x'],
])('disconnects a client that sends %s piece by piece', async ([, beginning = '', piece = '']) => {
  const { url, dial } = await setup({ requestLimitMs: LIMIT_MS });
  const slow = dial();
  slow.write(beginning);
  const pieces = setInterval(() => slow.writable && slow.write(piece), 50);
  onTestFinished(() => clearInterval(pieces));
  let heard = '';
  slow.on('data', (data) => (heard += String(data)));
  const startedAt = performance.now();
  await once(slow, 'close');
  expect(performance.now() - startedAt).toBeLessThan(LIMIT_MS * 2 + 1500);
  expect(heard).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n.*content-length: 0\r\n\r\n$|^$/is);
  expect(await (await fetch(url)).text()).toBe('here');
});

test('closes a connection beyond the limit, and accepts the next once one ends', async () => {
  const { url, dial } = await setup({ maxConnections: 2 });
  const [first, second] = [dial(), dial()];
  await Promise.all([once(first, 'connect'), once(second, 'connect')]);
  await once(dial(), 'close');
  first.destroy();
  await expect.poll(() => fetch(url, { headers: { connection: 'close' } }).then(({ status }) => status, String)).toBe(200);
});

test('lets others in once clients that send a byte now and then have had their time', async () => {
  const { url, dial } = await setup({ requestLimitMs: LIMIT_MS, maxConnections: 20 });
  const slow = Array.from({ length: 20 }, dial);
  await Promise.all(slow.map((socket) => once(socket, 'connect')));
  for (const socket of slow) socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\nContent-Type: text/plain\r\n\r\n');
  const pieces = setInterval(() => slow.forEach((socket) => socket.writable && socket.write('x')), 50);
  onTestFinished(() => clearInterval(pieces));
  const others = Array.from({ length: 20 }, () =>
    expect.poll(() => fetch(url, { headers: { connection: 'close' } }).then(({ status }) => status, String), { timeout: 5000 }).toBe(200),
  );
  await Promise.all(others);
});

test('disconnects a client that does not take its answers, and leaves one that does', async () => {
  const big = 'x'.repeat(8_000_000);
  const server = createHttpServer({ answerLimitMs: LIMIT_MS });
  server.get('/', async () => big);
  server.get('/small', async () => 'small');
  onTestFinished(() => server.close());
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  const closed = new Promise<number>((resolve) => {
    server.server.once('connection', (socket: Socket) => {
      const startedAt = performance.now();
      socket.once('close', () => resolve(performance.now() - startedAt));
    });
  });
  const deaf = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => undefined);
  onTestFinished(() => void deaf.destroy());
  deaf.pause().write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(20));
  expect(await closed).toBeGreaterThan(LIMIT_MS * 0.9);
  // Longer than the limit between two answers on one connection.
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  const read = async (): Promise<[number, unknown]> => {
    const [answer] = (await once(get(`${url}/small`, { agent }), 'response')) as [IncomingMessage];
    const { localPort } = answer.socket;
    let bytes = 0;
    for await (const part of answer) bytes += (part as Buffer).length;
    return [bytes, localPort];
  };
  const first = await read();
  // Nothing must happen in this time: there is nothing to wait for.
  await delay(LIMIT_MS * 1.5);
  expect(await read()).toEqual(first);
});

test('limits connections by default', () => {
  expect(createHttpServer().server.maxConnections).toBe(2000);
});

test('answers an unreadable request with a status alone', async () => {
  const { dial } = await setup({});
  const hear = async (words: string): Promise<string> => {
    const socket = dial();
    let heard = '';
    socket.on('data', (data) => (heard += String(data))).write(words);
    await once(socket, 'close');
    return heard;
  };
  const refusal = 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';
  expect(await hear('NONSENSE\r\n\r\n')).toBe(refusal);
  expect(await hear(`GET / HTTP/1.1\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`)).toBe(refusal);
});

test('outlives a client that asks for a tunnel and resets the connection at the refusal', async () => {
  const server = createHttpServer();
  server.get('/', async () => 'here');
  onTestFinished(() => server.close());
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  const ended = new Promise((resolve) => {
    server.server.once('connect', (_request, socket) => {
      endConnection(socket, 'HTTP/1.1 405 Method Not Allowed\r\n\r\n');
      socket.once('close', resolve);
    });
  });
  const client = connect(Number(new URL(url).port), '127.0.0.1', () => client.write('CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n'));
  await once(
    client.on('error', () => undefined),
    'data',
  );
  client.resetAndDestroy();
  // true: it broke, so the reset was there
  expect(await ended).toBe(true);
  expect(await (await fetch(url)).text()).toBe('here');
});

test('ends a connection without a last answer while an earlier request waits for its own', async () => {
  const server = createHttpServer();
  server.get('/', ({ raw }) => new Promise((resolve) => raw.socket.once('close', () => resolve('late'))));
  onTestFinished(() => server.close());
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  const client = connect(Number(new URL(url).port), '127.0.0.1', () => client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\nNONSENSE\r\n\r\n'));
  let heard = '';
  client.on('error', () => undefined).on('data', (data) => (heard += String(data)));
  await once(client, 'close');
  expect(heard).toBe('');
});
