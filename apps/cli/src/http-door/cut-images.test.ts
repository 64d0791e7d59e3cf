import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { StorageError } from '@darkroom/contracts';
import { expect, onTestFinished, test } from 'vitest';
import { buildGeneration, buildVerifiedImage } from '../../test/build-generation.ts';
import { createHttpClient } from './http-client.ts';

const whole = Buffer.from('the bytes of an image');
const half = whole.subarray(0, 10);

/** Saves an image that a server sends as the test says. @returns the code of the error, and the files of the folder. */
async function save(send: (response: ServerResponse) => void) {
  const folder = mkdtempSync(path.join(tmpdir(), 'darkroom-cut-'));
  const image = buildVerifiedImage({ sizeBytes: whole.length, sha256: createHash('sha256').update(whole).digest('hex') });
  const server = createServer((request, response) => {
    if (request.url === '/image') return send(response);
    response.writeHead(200, { 'content-type': 'application/json' });
    return response.end(JSON.stringify({ index: 0, url: `${url}/image`, image }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
    server.closeAllConnections();
    server.close();
  });
  const client = createHttpClient({ url, key: 'dk_live_x' }, { environment: {}, signal: new AbortController().signal });
  const file = path.join(folder, 'image.jpg');
  const code = await client.saveImage(buildGeneration(), 0, file).then(
    () => readFileSync(file).equals(whole),
    (error: unknown) => {
      if (!(error instanceof StorageError)) throw error;
      return { code: error.code, retryable: error.retryable };
    },
  );
  return { code, files: readdirSync(folder) };
}

/** Leaves the length out, as a proxy may: the end of the connection is the end of the body. */
function endUnannounced(response: ServerResponse, bytes: Uint8Array): void {
  response.useChunkedEncodingByDefault = false;
  response.writeHead(200, { connection: 'close' });
  response.end(bytes);
}

test.each<[string, (response: ServerResponse) => void]>([
  ['amid its chunks', (response) => response.writeHead(200).write(half, () => response.destroy())],
  [
    'before its announced length',
    (response) => response.writeHead(200, { 'content-length': whole.length }).write(half, () => response.destroy()),
  ],
  ['without an announced length', (response) => endUnannounced(response, half)],
])('an image whose connection ends %s may be asked for again, and no file stays', async (_, send) => {
  expect(await save(send)).toEqual({ code: { code: 'storage.unavailable', retryable: true }, files: [] });
});

test('an image that is whole is saved, also without an announced length', async () => {
  expect(await save((response) => endUnannounced(response, whole))).toEqual({ code: true, files: ['image.jpg'] });
});

test('an image with other bytes is damaged, and no file stays', async () => {
  const other = { code: { code: 'storage.damaged-image', retryable: false }, files: [] };
  expect(await save((response) => response.writeHead(200, { 'content-length': half.length }).end(half))).toEqual(other);
  expect(await save((response) => endUnannounced(response, Buffer.from(whole).fill(0)))).toEqual(other);
});
