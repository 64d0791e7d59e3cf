import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { mintApiKey } from '@darkroom/contracts';
import { eventually } from '@darkroom/testing';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { networkOf } from '../src/keys/attempts.ts';
import { order, startWorld, type World } from './world.ts';

let world: World;
let key: string;
beforeAll(async () => {
  world = await startWorld();
  key = await world.key();
});
afterAll(() => world[Symbol.asyncDispose]());

/** Begins a request whose end is left to the test, and collects what comes back. */
async function begin(api: string, head: string): Promise<{ socket: Socket; answer: () => string }> {
  const { hostname, port } = new URL(api);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  let answer = '';
  socket.setEncoding('utf8').on('data', (text: string) => (answer += text));
  await once(socket, 'connect');
  socket.write(head);
  return { socket, answer: () => answer };
}

test('while Redis may have forgotten a revocation a key reads and changes nothing, and an unknown key is not refused', async () => {
  const place = `${world.prefix}:server-run`;
  const run = (await world.redis.get(place)) ?? '';
  await world.redis.set(place, 'another');
  const refused = await world.call(key, 'POST', '/v1/generations', order);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
  expect(await refused.json()).toMatchObject({ code: 'queue.unavailable', reached: 'no', detail: expect.stringContaining('revoked') });
  expect((await world.call(key, 'GET', '/v1/spend')).status).toBe(200);
  expect((await world.call(mintApiKey('test').text, 'GET', '/v1/spend')).status).toBe(503);
  await world.redis.set(place, run);
  expect((await world.call(key, 'POST', '/v1/generations', order)).status).toBe(202);
});

test('a batch that meets a used key names its generation, and not the key', async () => {
  const body = { requests: [order], idempotencyKeys: ['a private key'] };
  expect((await world.call(key, 'POST', '/v1/generations/batch', body)).status).toBe(202);
  const other = { ...body, requests: [{ ...order, positivePrompt: 'another' }] };
  const text = await (await world.call(key, 'POST', '/v1/generations/batch', other)).text();
  expect(JSON.parse(text)).toMatchObject({ cause: { code: 'request.key-reused', generationId: expect.any(String) } });
  expect(text).not.toContain('a private key');
});

const askFor = (line: string, own: string, more = ''): string =>
  `${line} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${own}\r\n${more}\r\n`;
const bodyOf = (type: string, length: number): string => `Content-Type: ${type}\r\nContent-Length: ${length}\r\n`;
const uploadOf = (own: string): string => askFor('POST /v1/inputs', own, bodyOf('image/png', 20 * 1024 * 1024));

/** Begins as many uploads as have room, and one more, which is refused. @returns those that wait for the rest of their bodies. */
async function fill(own: string, room: number) {
  const uploads = await Promise.all(Array.from({ length: room + 1 }, () => begin(world.url, uploadOf(own))));
  await eventually(() => expect(uploads.filter(({ answer }) => answer() !== '')).toHaveLength(1));
  const stalled = uploads.filter(({ answer }) => answer() === '');
  for (const { answer } of uploads.filter((each) => !stalled.includes(each)))
    expect(answer()).toMatch(/^HTTP\/1\.1 429 [^]*retry-after: 1\r\n/i);
  expect((await world.call(own, 'POST', '/v1/quotes', order)).status).toBe(200);
  return stalled;
}

/** Waits until a tenant alone has as much room as it may have. */
const isFree = (own: string): Promise<void> =>
  eventually(async () => {
    for (const { socket } of await fill(own, 2)) socket.destroy();
  });

test('uploads that do not move lock out neither calls of their tenant nor uploads of others, and end', { timeout: 30_000 }, async () => {
  const [second, third] = [await world.key('second'), await world.key('third')];
  const stalled = [...(await fill(key, 2)), ...(await fill(second, 1)), ...(await fill(third, 1))];
  stalled.push(await begin(world.url, askFor('POST /v1/generations', key, bodyOf('application/json', 1024 * 1024))));
  for (const { socket, answer } of stalled) {
    if (!socket.destroyed) await once(socket, 'close');
    expect(answer()).toMatch(/^HTTP\/1\.1 408 [^]*application\/problem\+json[^]*less than 64 KiB came in five seconds/);
  }
  await isFree(third);
});

test('a caller that leaves while its key is looked up takes its room with it', async () => {
  const own = await world.key('leaver');
  for (let at = 0; at < 60; at += 1) (await begin(world.url, uploadOf(own))).socket.end().destroy();
  await isFree(own);
});

test('an upload behind an answer that lasts takes its room with it', async () => {
  const own = await world.key('pipelining');
  for (let at = 0; at < 2; at += 1) {
    const { socket, answer } = await begin(world.url, `${askFor('GET /v1/events', own)}${uploadOf(own)}`);
    await eventually(() => expect(answer()).toContain('text/event-stream'));
    expect((await world.call(own, 'POST', '/v1/quotes', order)).status).toBe(200);
    socket.destroy();
  }
  await isFree(own);
});

test('vain attempts of an address are bounded, and a key that was accepted before passes all the same', async () => {
  await using own = await startWorld();
  const good = await own.key();
  expect((await own.call(good, 'GET', '/v1/spend')).status).toBe(200);
  const vain = await Promise.all(Array.from({ length: 120 }, () => own.call(undefined, 'GET', '/v1/spend')));
  expect(new Set(vain.map(({ status }) => status))).toEqual(new Set([401]));
  for (const each of [undefined, 'dk_none', mintApiKey('test').text, await own.key()]) {
    const refused = await own.call(each, 'GET', '/v1/spend');
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refused.json()).toMatchObject({ code: 'api.too-many-requests' });
  }
  expect((await own.call(good, 'GET', '/v1/spend')).status).toBe(200);
});

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '::ffff:192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8::6', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
])('the network of %s is %s', (address, network) => expect(networkOf(address)).toBe(network));

test('a process that stops answers a request that is arriving with a problem and the time to come back', async () => {
  await using own = await startWorld();
  const { socket, answer } = await begin(own.url, 'GET /v1/spend HTTP/1.1\r\nHost: x\r\n');
  // The server has read the first lines once it has answered a later call.
  expect((await own.call(await own.key(), 'GET', '/v1/spend')).status).toBe(200);
  const stopped = own.api.stop();
  socket.write('\r\n');
  await once(socket, 'close');
  expect(answer()).toMatch(/^HTTP\/1\.1 503 .*\r\n[^]*application\/problem\+json[^]*"code":"service\.stopping"/);
  expect(answer()).toMatch(/retry-after: 1\r\n/i);
  expect(answer()).toMatch(/connection: close\r\n/i);
  await stopped;
});

test('a body to an unknown path is refused before it is read, also without a key', async () => {
  const head = `POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${1024 * 1024}\r\n\r\n{`;
  const { socket, answer } = await begin(world.url, head);
  await once(socket, 'close');
  expect(answer()).toMatch(/^HTTP\/1\.1 404 [^]*connection: close[^]*api\.not-found/);
});

const POST = 'POST /v1/quotes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';

test.each([
  ['no HTTP', 'hello\r\n\r\n', 400],
  ['two lengths', 'POST /v1/quotes HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}', 400],
  ['no Host', 'GET /v1/spend HTTP/1.1\r\n\r\n', 400],
  ['no Host and an unknown path', 'GET /nowhere HTTP/1.1\r\n\r\n', 400],
  ['a length beside chunks', `${POST}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`, 400],
  ['a bad chunk', `${POST}Authorization: Bearer KEY\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n`, 400],
  ['a length below zero', `${POST}Content-Length: -1\r\n\r\n{}`, 400],
  ['an unknown method', 'BUY /v1/quotes HTTP/1.1\r\nHost: x\r\n\r\n', 400],
  ['a tunnel', 'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n', 405],
  ['an unknown expectation', 'GET /v1/spend HTTP/1.1\r\nHost: x\r\nExpect: wonders\r\n\r\n', 417],
  ['headers of 20 KB', `GET /v1/spend HTTP/1.1\r\nHost: x\r\nX-Long: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
] as const)('%s is answered with a problem', async (_name, bytes, status) => {
  const { socket, answer } = await begin(world.url, bytes.replace('KEY', key));
  await once(socket, 'close');
  const [head = '', body = ''] = answer().split('\r\n\r\n');
  expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [^]*content-type: application/problem\\+json`));
  expect(JSON.parse(body)).toMatchObject({ status, code: 'api.malformed', retryable: false });
});

test.each([
  [`/v1/generations/${'a'.repeat(5000)}`, 'a part of the address is longer than any id'],
  ['/reference/static/%2e%2e/%2e%2e/package.json', 'the request cannot be read'],
])('an address such as %.20s is not told as a wrong body', async (path, detail) => {
  const { socket, answer } = await begin(
    world.url,
    `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\nConnection: close\r\n\r\n`,
  );
  await once(socket, 'close');
  const [head = '', body = ''] = answer().split('\r\n\r\n');
  expect(head).toMatch(/^HTTP\/1\.1 400 /);
  expect(JSON.parse(body)).toMatchObject({ code: 'api.malformed', detail });
});

test('the API outlives a caller that asks for a tunnel and resets the connection', async () => {
  const { socket, answer } = await begin(world.url, 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n');
  await eventually(() => expect(answer()).toContain('api.malformed'));
  socket.resetAndDestroy();
  expect((await world.call(key, 'GET', '/v1/spend')).status).toBe(200);
});

test.each([
  ['an unknown expectation', 'GET /v1/spend HTTP/1.1\r\nHost: x\r\nExpect: wonders\r\n\r\n', ['202', '417']],
  ['a tunnel', 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n', []],
  ['no HTTP', 'hello\r\n\r\n', []],
] as const)('%s behind a call that is under way is not taken for its answer', async (_name, bytes, statuses) => {
  const body = JSON.stringify(order);
  const head = `POST /v1/generations HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\nContent-Type: application/json\r\n`;
  const { socket, answer } = await begin(world.url, `${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}${bytes}`);
  await once(socket, 'close');
  expect([...answer().matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual(statuses);
});

test('HTTP/1.0, which knows no Host, is answered', async () => {
  const { socket, answer } = await begin(world.url, `GET /v1/spend HTTP/1.0\r\nAuthorization: Bearer ${key}\r\n\r\n`);
  await once(socket, 'close');
  expect(answer()).toMatch(/^HTTP\/1\.1 200 /);
});
