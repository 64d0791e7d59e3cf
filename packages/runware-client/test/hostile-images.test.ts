import type { LookupAddress } from 'node:dns';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { createRunwareClient } from '../src/index.ts';
import { startScriptedProvider, type Script } from './scripted-provider.ts';
import { apiKey, NOW, setup } from './world.ts';

const image: Script = (_request, response) => void response.writeHead(200, { 'content-type': 'image/jpeg' }).end(Buffer.alloc(100, 7));

/** A client of a provider at `url`, with the test's addresses for each name. */
function clientWith(url: string, imageHosts: string[], answers: readonly (readonly string[])[]) {
  const asked: string[] = [];
  const client = createRunwareClient(
    { url, apiKey, requestTimeoutMs: 2000, maxImageBytes: 1024, imageHosts },
    {
      now: () => NOW,
      resolve: async (hostname) => {
        const addresses = answers[Math.min(asked.push(hostname), answers.length) - 1] ?? [];
        return addresses.map((address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 }));
      },
    },
  );
  return { client, asked };
}

describe('a listed name that resolves into a private network', () => {
  test.each([
    ['127.0.0.1'],
    ['10.0.0.5'],
    ['172.16.0.1'],
    ['192.168.0.1'],
    ['169.254.169.254'],
    ['100.64.0.1'],
    ['0.0.0.0'],
    ['::1'],
    ['::'],
    ['::ffff:127.0.0.1'],
    ['64:ff9b::a9fe:a9fe'],
    ['fd00:ec2::254'],
    ['fe80::1%lo'],
    ['8.8.8.8', '10.0.0.5'],
    ['2606:4700::1', '::1'],
    [],
  ])('gets no connection: %j', async (...addresses) => {
    const { client, asked } = clientWith('https://api.runware.ai/v1', ['im.runware.ai'], [addresses]);
    expect(await client.downloadImage('https://im.runware.ai/1.jpg')).toMatchObject({
      // the name may lead back to the provider tomorrow, and the image is paid for
      kind: 'unavailable',
      fault: { code: 'ADDRESS_NOT_PUBLIC', class: 'network', message: expect.stringContaining("'im.runware.ai' leads to ") },
    });
    expect(asked).toEqual(['im.runware.ai']);
  });

  test('gets no connection from a client of an emulator either, except on this machine', async () => {
    await using provider = await startScriptedProvider(image);
    const host = `localhost:${new URL(provider.url).port}`;
    const inside = clientWith(`${provider.url}/v1`, [host], [['10.0.0.5']]);
    expect(await inside.client.downloadImage(`http://${host}/1.jpg`)).toMatchObject({ fault: { code: 'ADDRESS_NOT_PUBLIC' } });
    const here = clientWith(`${provider.url}/v1`, [host], [['127.0.0.1']]);
    expect(await here.client.downloadImage(`http://${host}/1.jpg`)).toMatchObject({ kind: 'fetched' });
  });
});

test('resolves a name once for each image, and connects to the very address that was checked', async () => {
  await using provider = await startScriptedProvider(image);
  const host = `localhost:${new URL(provider.url).port}`;
  // A second lookup, to connect, would lead elsewhere.
  const { client, asked } = clientWith(`${provider.url}/v1`, [host], [['127.0.0.1'], ['10.0.0.5'], ['127.0.0.1']]);
  expect(await client.downloadImage(`http://${host}/1.jpg`)).toMatchObject({ kind: 'fetched' });
  expect(asked).toHaveLength(1);
  // A kept connection would not have resolved again.
  expect(await client.downloadImage(`http://${host}/1.jpg`)).toMatchObject({ fault: { code: 'ADDRESS_NOT_PUBLIC' } });
  expect(await client.downloadImage(`http://${host}/1.jpg`)).toMatchObject({ kind: 'fetched' });
  expect(provider.seen).toHaveLength(2);
});

test('a name without an address, or whose lookup never ends, counts as unavailable', async () => {
  const config = { url: 'https://api.runware.ai/v1', apiKey, requestTimeoutMs: 200, maxImageBytes: 1024 };
  const unknown = createRunwareClient(config, {
    now: () => NOW,
    resolve: () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' })),
  });
  expect(await unknown.downloadImage('https://im.runware.ai/1.jpg')).toMatchObject({ kind: 'unavailable', fault: { code: 'ENOTFOUND' } });
  const silent = createRunwareClient(config, { now: () => NOW, resolve: () => new Promise(() => undefined) });
  expect(await silent.downloadImage('https://im.runware.ai/1.jpg')).toMatchObject({
    kind: 'unavailable',
    fault: { code: 'REQUEST_TIMEOUT' },
  });
});

describe('a misleading answer', () => {
  const bomb = gzipSync(Buffer.alloc(50 * 1024 * 1024), { level: 9 });
  const small = gzipSync(Buffer.alloc(1000, 7));
  const answers: Record<string, [Script, object]> = {
    'a length that is too small': [
      (_request, response) => void response.socket?.end(`HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n${'x'.repeat(500)}`),
      { kind: 'fetched', bytes: Buffer.from('xxxxx') },
    ],
    'a length that is too great': [
      (_request, response) => void response.socket?.end(`HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n${'x'.repeat(500)}`),
      { kind: 'unavailable' },
    ],
    'a length that is too great to be read': [
      (_request, response) => void response.socket?.end(`HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n${'x'.repeat(5000)}`),
      { kind: 'not-there', fault: { code: 'IMAGE_TOO_LARGE' } },
    ],
    'two lengths': [
      (_request, response) => void response.socket?.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nxxxxxx'),
      { kind: 'unavailable' },
    ],
    'an image compressed without a request for it': [
      (_request, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(small),
      { kind: 'fetched', bytes: Buffer.alloc(1000, 7) },
    ],
    'a bomb': [
      (_request, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
      { kind: 'not-there', fault: { code: 'IMAGE_TOO_LARGE' } },
    ],
    'a bomb in a bomb': [
      (_request, response) => void response.writeHead(200, { 'content-encoding': 'gzip, gzip' }).end(gzipSync(bomb)),
      { kind: 'not-there', fault: { code: 'IMAGE_TOO_LARGE' } },
    ],
    'what it calls compressed and is not': [
      (_request, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'.repeat(100)),
      { kind: 'unavailable' },
    ],
    'a redirect to the metadata of the machine': [
      (_request, response) => void response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data' }).end(),
      { kind: 'not-there', fault: { code: 'HTTP_302' } },
    ],
    'a redirect to itself': [
      (_request, response) => void response.writeHead(307, { location: '/again' }).end(),
      { kind: 'not-there', fault: { code: 'HTTP_307' } },
    ],
    'no HTTP': [(_request, response) => void response.socket?.write('\u0000\u0001\u0002'), { kind: 'unavailable' }],
    'a header of a megabyte': [
      (_request, response) => void response.socket?.end(`HTTP/1.1 200 OK\r\nX: ${'a'.repeat(1024 * 1024)}\r\n\r\n`),
      { kind: 'unavailable' },
    ],
    'one hint after the other': [
      (_request, response) => void response.socket?.write('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(1000)),
      { kind: 'unavailable' },
    ],
  };

  test.each(Object.entries(answers))('%s is recognised', async (_name, [script, verdict]) => {
    await using world = await setup(script, { requestTimeoutMs: 1000 });
    const startedAt = performance.now();
    const read = await world.client.downloadImage(`${world.provider.url}/1.jpg`);
    expect(read.kind === 'fetched' ? { ...read, bytes: Buffer.from(read.bytes) } : read).toMatchObject(verdict);
    expect(performance.now() - startedAt).toBeLessThan(3000);
    expect(world.provider.seen).toHaveLength(1);
  });

  test('an image sent byte by byte ends at the time limit', async () => {
    let timer: NodeJS.Timeout | undefined;
    await using world = await setup(
      (_request, response) => {
        response.writeHead(200, { 'content-length': '1000' });
        timer = setInterval(() => response.write('x'), 20);
        response.on('close', () => clearInterval(timer));
      },
      { requestTimeoutMs: 300 },
    );
    expect(await world.client.downloadImage(`${world.provider.url}/1.jpg`)).toMatchObject({ fault: { code: 'REQUEST_TIMEOUT' } });
    clearInterval(timer);
  });
});
