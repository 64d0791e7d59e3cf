import { expect, test } from 'vitest';
import { dial } from './dial.ts';
import { buildSubmission, createMemoryStores, startReceiver } from './setup.ts';

const MAX_BODY_BYTES = 256 * 1024;

async function setup(overrides: Parameters<typeof startReceiver>[1] = {}) {
  const memory = createMemoryStores();
  return { ...memory, ...buildSubmission(), ...(await startReceiver(memory.stores, overrides)) };
}

test('a body of the largest size is kept, and one byte more is a 413', async () => {
  const { kept, post, path } = await setup();
  expect((await post(path, 'x'.repeat(MAX_BODY_BYTES))).status).toBe(200);
  expect(await post(path, 'x'.repeat(MAX_BODY_BYTES + 1))).toEqual({ status: 413, body: '' });
  expect(kept).toHaveLength(1);
});

test('a chunked body is refused at the same bound', async () => {
  const { kept, receiver, path } = await setup();
  const line = await dial(receiver.url());
  line.say(`POST ${path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n`);
  const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
  for (let sent = 0; sent < 6; sent += 1) line.say(chunk);
  await line.expectStatus('HTTP/1.1 413 Payload Too Large');
  expect(kept).toEqual([]);
});

test('a request without a valid capability is refused before its body is read', async () => {
  const { receiver } = await setup();
  const line = await dial(receiver.url());
  line.say('POST /webhooks/runware?capability=guess HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n{');
  await line.expectStatus('HTTP/1.1 401 Unauthorized');
});

test('a body that arrives too slowly is not kept', async () => {
  const { kept, receiver, path } = await setup({ requestLimitMs: 200 });
  const line = await dial(receiver.url());
  line.say(`POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n{`);
  await line.closed();
  expect(line.heard()).toMatch(/^(HTTP\/1\.1 408 |$)/);
  expect(kept).toEqual([]);
});

test('an incomplete body is not kept', async () => {
  const { kept, receiver, path, post } = await setup();
  const line = await dial(receiver.url());
  line.say(`POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n{"a"`);
  line.hangUp();
  await line.closed();
  expect((await post(path, '{"whole":1}')).status).toBe(200);
  expect(kept.map(({ body }) => body)).toEqual(['{"whole":1}']);
});

test.for([
  'GARBAGE\r\n\r\n',
  'GET / HTTP/9.9\r\n\r\n',
  'POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n',
  `GET /${'a'.repeat(20_000)} HTTP/1.1\r\n\r\n`,
])('an invalid request (%j) is answered with 400 without detail, and disconnected', async (words) => {
  const { receiver } = await setup();
  const line = await dial(receiver.url());
  line.say(words);
  await line.closed();
  expect(line.heard()).toBe('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
});

test('other methods are 405, other paths 404, without a body and without reading one', async () => {
  const { kept, receiver, path, capability, log } = await setup();
  const ask = async (method: string, where: string) => {
    const response = await fetch(receiver.url() + where, { method, ...(method === 'GET' || method === 'HEAD' ? {} : { body: '{}' }) });
    return [response.status, await response.text(), response.headers.get('allow')];
  };
  for (const method of ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
    expect(await ask(method, path), method).toEqual([405, '', 'POST']);
  }
  const query = `?capability=${capability}`;
  for (const where of [
    '/',
    '/webhooks',
    '/webhooks/',
    `/webhooks/runware/${query}`,
    `/Webhooks/Runware${query}`,
    '/admin',
    '/readyz/x',
    '/%zz',
    '/..%2f',
  ]) {
    expect(await ask('POST', where), where).toEqual([404, '', null]);
  }
  expect(kept).toEqual([]);
  expect(log()).not.toContain(capability);
});

test('no answer names the software', async () => {
  const { receiver, path } = await setup();
  for (const where of [path, '/nowhere']) {
    const { headers } = await fetch(receiver.url() + where, { method: 'POST', body: '{}' });
    expect([...headers.keys()].filter((name) => /server|powered/.test(name))).toEqual([]);
  }
});
