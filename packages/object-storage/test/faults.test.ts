import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StorageError } from '@darkroom/contracts';
import { eventually } from '@darkroom/testing';
import { describe, expect, test } from 'vitest';
import { refOf, setup as setupWorld, ways } from './world.ts';

/** An endpoint that answers every request as the test scripts. */
async function startBrokenS3(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ endpoint: string; requests: () => number } & AsyncDisposable> {
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    request.resume().on('end', () => answer(request, response));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    // A TCP server has an address of this form once it listens.
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: () => requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const xmlError = (status: number, code: string) => (_request: IncomingMessage, response: ServerResponse) =>
  void response
    .writeHead(status, { 'content-type': 'application/xml' })
    .end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message></Error>`);

const bytes = Buffer.from('image');
const jpg = { format: 'JPG', contentType: 'image/jpeg' } as const;

describe.each(ways)('requests by %s', (_way, createRequests) => {
  const setup = (config: Parameters<typeof setupWorld>[0] = {}) => setupWorld(config, createRequests);

  test('proves access with one small request', async () => {
    await using world = await setup();
    await expect(world.storage.checkAccess()).resolves.toBeUndefined();
    await eventually(() => expect(world.s3.requests.map(({ operation }) => operation)).toEqual(['ListObjectsV2']));
  });

  test('reports a missing bucket as missing', async () => {
    await using world = await setup({ bucket: 'another-bucket' });
    await expect(world.storage.checkAccess()).rejects.toMatchObject({
      code: 'storage.unavailable',
      reached: 'yes',
      details: { reason: 'bucket-missing', httpStatus: 404 },
      message: expect.stringContaining("bucket 'another-bucket'"),
    });
    await expect(world.storage.readStaging(refOf())).rejects.toMatchObject({ details: { reason: 'bucket-missing' } });
  });

  test.each([
    ['an unknown key', { accessKeyId: 'unknown', secretAccessKey: 'x' }],
    ['a wrong secret', undefined],
  ])('reports %s as refused', async (_name, given) => {
    await using world = await setup();
    const credentials = given ?? { ...world.s3.credentials, secretAccessKey: 'wrong' };
    const storage = world.storageWith({ credentials });
    await expect(storage.checkAccess()).rejects.toMatchObject({
      code: 'storage.unavailable',
      reached: 'yes',
      details: { reason: 'credentials-refused' },
    });
    await expect(storage.keepImage(refOf(), jpg, bytes)).rejects.toMatchObject({ details: { reason: 'credentials-refused' } });
  });

  test('reports an absent server as unreachable', async () => {
    await using world = await setup();
    const { endpoint } = world.s3;
    await world.s3.stop();
    const error = await world
      .storageWith({ endpoint })
      .checkAccess()
      .catch((failure: unknown) => failure);
    expect(error).toBeInstanceOf(StorageError);
    expect(error).toMatchObject({ retryable: true, details: { reason: 'unreachable' }, message: expect.stringContaining('ECONNREFUSED') });
    expect(error).toHaveProperty('cause');
  });

  test('gives up a silent server in time, as possibly reached', async () => {
    await using silent = await startBrokenS3(() => {});
    await using world = await setup({ endpoint: silent.endpoint, requestTimeoutMs: 200 });
    await expect(world.storage.keepImage(refOf(), jpg, bytes)).rejects.toMatchObject({ reached: 'maybe', details: { reason: 'timeout' } });
  });

  test('gives up an endless body in time', async () => {
    await using endless = await startBrokenS3(
      (_request, response) => void response.writeHead(200, { 'content-length': '1000' }).write('x'),
    );
    await using world = await setup({ endpoint: endless.endpoint, requestTimeoutMs: 200 });
    await expect(world.storage.readStaging(refOf())).rejects.toMatchObject({ code: 'storage.unavailable', details: { reason: 'timeout' } });
  });

  test('a truncated body is no image', async () => {
    await using cut = await startBrokenS3((_request, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('x', () => response.socket?.destroy());
    });
    await using world = await setup({ endpoint: cut.endpoint });
    await expect(world.storage.readStaging(refOf())).rejects.toMatchObject({ code: 'storage.unavailable' });
  });

  test.each([
    [500, 'InternalError', 'broken', 2],
    [503, 'SlowDown', 'throttled', 2],
    [400, 'InvalidRequest', 'refused', 1],
  ])('reports HTTP %i %s as %s after %i attempts', async (status, code, reason, attempts) => {
    await using broken = await startBrokenS3(xmlError(status, code));
    await using world = await setup({ endpoint: broken.endpoint });
    await expect(world.storage.keepImage(refOf(), jpg, bytes)).rejects.toMatchObject({
      reached: 'yes',
      details: { reason, httpStatus: status, s3Code: code },
    });
    expect(broken.requests()).toBe(attempts);
  });

  test('repeats a write once if it met another one', async () => {
    let answers = 0;
    await using s3 = await startBrokenS3((request, response) => {
      answers += 1;
      if (answers === 1) xmlError(409, 'ConditionalRequestConflict')(request, response);
      else response.writeHead(200, { etag: '"x"' }).end();
    });
    await using world = await setup({ endpoint: s3.endpoint });
    expect(await world.storage.keepImage(refOf(), jpg, bytes)).toBe('kept');
    expect(s3.requests()).toBe(2);
  });

  test('gives up a write that keeps meeting others', async () => {
    await using s3 = await startBrokenS3(xmlError(409, 'ConditionalRequestConflict'));
    await using world = await setup({ endpoint: s3.endpoint });
    await expect(world.storage.keepImage(refOf(), jpg, bytes)).rejects.toMatchObject({ details: { s3Code: 'ConditionalRequestConflict' } });
    expect(s3.requests()).toBe(2);
  });

  test('no message holds a signature', async () => {
    await using s3 = await startBrokenS3(xmlError(403, 'SignatureDoesNotMatch'));
    await using world = await setup({ endpoint: s3.endpoint });
    const error = await world.storage.readStaging(refOf()).catch((failure: unknown) => failure);
    expect(String(error)).not.toMatch(/signature=|X-Amz-|AWS4/i);
  });

  test('a storage can be closed before its first use and twice', async () => {
    await using world = await setup();
    const { storage } = world;
    expect(() => {
      storage.close();
      storage.close();
    }).not.toThrow();
  });

  test('stops reading a flood without a length at the limit', async () => {
    await using flood = await startBrokenS3((_request, response) => {
      const pour = (): void => {
        if (!response.destroyed) response.write(Buffer.alloc(65_536), pour);
      };
      pour();
    });
    await using world = await setup({ endpoint: flood.endpoint, maxImageBytes: 100_000 });
    expect(await world.storage.readStaging(refOf())).toMatchObject({ kind: 'too-large' });
  });
});

test('allows as many concurrent requests as a worker may have runs', async () => {
  const RUNS = 400;
  const held: ServerResponse[] = [];
  await using s3 = await startBrokenS3((_request, response) => {
    held.push(response);
    if (held.length === RUNS) for (const each of held) each.writeHead(404).end();
  });
  await using world = await setupWorld({ endpoint: s3.endpoint, requestTimeoutMs: 10_000 });
  const reads = await Promise.all(Array.from({ length: RUNS }, () => world.storage.readStaging(refOf())));
  expect(new Set(reads.map(({ kind }) => kind))).toEqual(new Set(['missing']));
  expect(s3.requests(), 'none waited until it was tried again').toBe(RUNS);
});
