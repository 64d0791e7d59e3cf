import { createHash } from 'node:crypto';
import { GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { defined } from '@darkroom/contracts';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { BUCKET, startS3World, type S3World } from './s3-world.ts';

let world: S3World;
beforeAll(async () => {
  world = await startS3World();
});
afterAll(() => world[Symbol.asyncDispose]());
afterEach(() => {
  world.skewMs = 0;
});

const presignPut = (Key: string, more: object = {}, signing: object = {}): Promise<string> =>
  getSignedUrl(world.client, new PutObjectCommand({ Bucket: BUCKET, Key, ...more }), { expiresIn: 60, ...signing });

const presignGet = (Key: string, more: object = {}): Promise<string> =>
  getSignedUrl(world.client, new GetObjectCommand({ Bucket: BUCKET, Key, ...more }), { expiresIn: 60 });

/** Returns the status and the S3 code that a plain HTTP client gets. */
async function send(url: string, init: RequestInit = {}): Promise<{ status: number; code?: string; body: string; headers: Headers }> {
  const response = await fetch(url, init);
  const body = await response.text();
  const code = /<Code>(\w+)<\/Code>/.exec(body)?.[1];
  return defined({ status: response.status, code, body, headers: response.headers });
}

const put = (url: string, body: string | Buffer = 'bytes', headers: Record<string, string> = {}) =>
  send(url, { method: 'PUT', body, headers });

/** Returns a URL with one query parameter replaced. */
function withParameter(url: string, name: string, value: string): string {
  const changed = new URL(url);
  changed.searchParams.set(name, value);
  return changed.href;
}

describe('a presigned upload', () => {
  test('works for a client that knows only the URL, and is answered with the MD5', async () => {
    const bytes = Buffer.alloc(300_000, 'x');
    const { status, headers } = await put(await presignPut('upload'), bytes);
    expect({ status, etag: headers.get('etag') }).toEqual({ status: 200, etag: `"${createHash('md5').update(bytes).digest('hex')}"` });
    expect((await send(await presignGet('upload'))).body).toBe(bytes.toString());
  });

  test('may be so large that a client waits for "100 Continue"', async () => {
    const bytes = Buffer.alloc(3_000_000, 'y');
    await world.client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'expect', Body: bytes }));
    expect((await world.client.send(new HeadObjectCommand({ Bucket: BUCKET, Key: 'expect' }))).ContentLength).toBe(3_000_000);
  });

  test('is bound to its key, bucket, method and every digit of its signature', async () => {
    const url = await presignPut('bound');
    const refused = { status: 403, code: 'SignatureDoesNotMatch' };
    expect(await put(url.replace('/bound', '/other'))).toMatchObject(refused);
    expect(await put(url.replace(`/${BUCKET}/`, '/elsewhere/'))).toMatchObject(refused);
    expect(await send(url)).toMatchObject(refused);
    const signature = new URL(url).searchParams.get('X-Amz-Signature') ?? '';
    expect(
      await put(
        withParameter(
          url,
          'X-Amz-Signature',
          signature.replace(/^./, (digit) => (digit === '0' ? '1' : '0')),
        ),
      ),
    ).toMatchObject(refused);
  });

  test('cannot last longer than its signature says', async () => {
    expect(await put(withParameter(await presignPut('longer'), 'X-Amz-Expires', '604800'))).toMatchObject({
      status: 403,
      code: 'SignatureDoesNotMatch',
    });
  });

  test('is refused once it has expired', async () => {
    const url = await presignPut('expired');
    world.skewMs = 62_000;
    expect(await put(url)).toMatchObject({ status: 403, code: 'AccessDenied', body: expect.stringContaining('Request has expired') });
  });

  test('is bound to a signed content type', async () => {
    const url = await presignPut('typed', { ContentType: 'image/jpeg' }, { signableHeaders: new Set(['content-type']) });
    expect(await put(url, 'x', { 'content-type': 'text/html' })).toMatchObject({ status: 403, code: 'SignatureDoesNotMatch' });
    expect(await put(url, 'x', { 'content-type': 'image/jpeg' })).toMatchObject({ status: 200 });
    expect((await send(await presignGet('typed'))).headers.get('content-type')).toBe('image/jpeg');
  });

  test('keeps the metadata in its URL, and refuses what a client adds in headers', async () => {
    const url = await presignPut('described', { Metadata: { job: 'seven' } });
    expect(await put(url)).toMatchObject({ status: 200 });
    expect((await send(await presignGet('described'))).headers.get('x-amz-meta-job')).toBe('seven');
    expect(await put(url, 'x', { 'x-amz-meta-more': '1' })).toMatchObject({ status: 403, code: 'AccessDenied' });
  });

  test('with if-none-match in its signature is stored once', async () => {
    const url = await presignPut('once', { IfNoneMatch: '*' });
    expect(await put(url, 'first', { 'if-none-match': '*' })).toMatchObject({ status: 200 });
    expect(await put(url, 'second', { 'if-none-match': '*' })).toMatchObject({ status: 412, code: 'PreconditionFailed' });
    expect(await put(url, 'third')).toMatchObject({ status: 403, code: 'SignatureDoesNotMatch' });
  });

  test('that carries the checksum of an empty body refuses every other body', async () => {
    // By default the SDK puts this checksum into a presigned URL; a server that ignored it would hide the mistake.
    const careless = world.createClient({ requestChecksumCalculation: 'WHEN_SUPPORTED' });
    const url = await getSignedUrl(careless, new PutObjectCommand({ Bucket: BUCKET, Key: 'careless' }), { expiresIn: 60 });
    expect(url).toContain('x-amz-checksum-crc32');
    expect(await put(url)).toMatchObject({ status: 400, code: 'BadDigest' });
  });
});

test('a session token that does not belong to the key is refused, in a header and in a URL', async () => {
  const client = world.createClient({ credentials: { ...world.credentials, sessionToken: 'token' } });
  const command = new GetObjectCommand({ Bucket: BUCKET, Key: 'any' });
  await expect(client.send(command)).rejects.toMatchObject({ name: 'InvalidToken' });
  expect(await send(await getSignedUrl(client, command, { expiresIn: 60 }))).toMatchObject({ status: 400, code: 'InvalidToken' });
});

describe('a presigned download', () => {
  test('returns the bytes, or only the headers', async () => {
    await put(await presignPut('download'), '0123456789');
    const url = await presignGet('download');
    expect(await send(url)).toMatchObject({ status: 200, body: '0123456789' });
    const head = await getSignedUrl(world.client, new HeadObjectCommand({ Bucket: BUCKET, Key: 'download' }), { expiresIn: 60 });
    const { status, headers, body } = await send(head, { method: 'HEAD' });
    expect({ status, size: headers.get('content-length'), body }).toEqual({ status: 200, size: '10', body: '' });
  });

  test('names the file as its signature says', async () => {
    const disposition = 'attachment; filename="picture.jpg"';
    const url = await presignGet('download', { ResponseContentDisposition: disposition, ResponseContentType: 'image/jpeg' });
    const { headers } = await send(url);
    expect([headers.get('content-disposition'), headers.get('content-type')]).toEqual([disposition, 'image/jpeg']);
  });
});

describe('a request is refused', () => {
  test('without a signature', async () => {
    const place = `${world.server.endpoint}/${BUCKET}/anything`;
    expect(await send(place)).toMatchObject({ status: 403, code: 'AccessDenied' });
    expect(await put(place)).toMatchObject({ status: 403, code: 'AccessDenied' });
  });

  test.each([
    ['with an unknown key', { accessKeyId: 'other-key', secretAccessKey: 'x' }, 'InvalidAccessKeyId'],
    ['with a wrong secret', { accessKeyId: 'test-key', secretAccessKey: 'x' }, 'SignatureDoesNotMatch'],
  ])('%s', async (_, credentials, code) => {
    const stranger = world.createClient({ credentials });
    await expect(stranger.send(new ListObjectsV2Command({ Bucket: BUCKET }))).rejects.toMatchObject({ name: code });
    const url = await getSignedUrl(stranger, new PutObjectCommand({ Bucket: BUCKET, Key: 'stranger' }), { expiresIn: 60 });
    expect(await put(url)).toMatchObject({ status: 403, code });
  });

  test('with a signature for another region', async () => {
    const elsewhere = world.createClient({ region: 'eu-west-1' });
    await expect(elsewhere.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'x' }))).rejects.toMatchObject({
      name: 'AuthorizationHeaderMalformed',
    });
  });

  test('and the log of requests holds no signature', async () => {
    await put(await presignPut('logged'));
    expect(world.requests.at(-1)).toEqual({ method: 'PUT', bucket: BUCKET, key: 'logged', operation: 'PutObject', status: 200 });
    expect(JSON.stringify(world.requests)).not.toContain('Signature=');
  });
});
