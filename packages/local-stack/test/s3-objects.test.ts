import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BUCKET, startS3World, type S3World } from './s3-world.ts';

const md5Of = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');
const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('base64');

/** Fields of the SDK's error for an `<Error>`. */
const s3Failure = (name: string, status: number): unknown =>
  expect.objectContaining({ name, $metadata: expect.objectContaining({ httpStatusCode: status }) });

let world: S3World;
beforeAll(async () => {
  world = await startS3World();
});
afterAll(() => world[Symbol.asyncDispose]());

const put = (key: string, body: Uint8Array | string, more: object = {}) =>
  world.client.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: body, ...more }));
const get = (key: string, more: object = {}) => world.client.send(new GetObjectCommand({ Bucket: BUCKET, Key: key, ...more }));
const head = (key: string) => world.client.send(new HeadObjectCommand({ Bucket: BUCKET, Key: key }));

describe('an object', () => {
  test('comes back as it was written, with its headers and metadata', async () => {
    const bytes = randomBytes(1_000_000);
    const { ETag } = await put('a/picture.jpg', bytes, {
      ContentType: 'image/jpeg',
      CacheControl: 'max-age=60',
      Metadata: { job: 'seven' },
    });
    expect(ETag).toBe(`"${md5Of(bytes)}"`);

    const object = await get('a/picture.jpg');
    expect(Buffer.from(await object.Body!.transformToByteArray()).equals(bytes)).toBe(true);
    const described = { ContentLength: 1_000_000, ContentType: 'image/jpeg', CacheControl: 'max-age=60', Metadata: { job: 'seven' }, ETag };
    expect(object).toMatchObject(described);
    expect(await head('a/picture.jpg')).toMatchObject(described);
  });

  test('may be empty', async () => {
    await put('empty', new Uint8Array());
    const object = await get('empty');
    expect(object.ContentLength).toBe(0);
    expect(await object.Body!.transformToString()).toBe('');
  });

  test('keeps a key with every character that needs encoding', async () => {
    const key = "odd/ space+plus&amp;/%2F/ü-日本-🙂/(!*'~)//end/";
    await put(key, 'odd');
    expect(await (await get(key)).Body!.transformToString()).toBe('odd');
    const { Contents } = await world.client.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: 'odd/' }));
    expect(Contents?.map(({ Key }) => Key)).toEqual([key]);
  });

  test('that does not exist is NoSuchKey for GET and NotFound for HEAD', async () => {
    await expect(get('missing')).rejects.toEqual(s3Failure('NoSuchKey', 404));
    await expect(head('missing')).rejects.toEqual(s3Failure('NotFound', 404));
  });

  test('is gone after one delete, and after a second one', async () => {
    await put('short-lived', 'x');
    for (let times = 0; times < 2; times += 1) await world.client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: 'short-lived' }));
    await expect(head('short-lived')).rejects.toEqual(s3Failure('NotFound', 404));
  });

  test('is deleted together with many others', async () => {
    const keys = ['many/1', 'many/<2>&', 'many/3'];
    for (const key of keys) await put(key, key);
    const { Deleted } = await world.client.send(
      new DeleteObjectsCommand({ Bucket: BUCKET, Delete: { Objects: [...keys.slice(0, 2), 'many/none'].map((Key) => ({ Key })) } }),
    );
    expect(Deleted?.map(({ Key }) => Key)).toEqual([...keys.slice(0, 2), 'many/none']);
    const { Contents } = await world.client.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: 'many/' }));
    expect(Contents?.map(({ Key }) => Key)).toEqual(['many/3']);
  });
});

describe('a body', () => {
  test('is accepted with the right checksum, which HEAD and GET return', async () => {
    for (const [field, algorithm] of [
      ['ChecksumCRC32', 'CRC32'],
      ['ChecksumSHA1', 'SHA1'],
      ['ChecksumSHA256', 'SHA256'],
    ] as const) {
      const answer = await put(`sum/${algorithm}`, 'checked', { ChecksumAlgorithm: algorithm });
      const object = await get(`sum/${algorithm}`, { ChecksumMode: 'ENABLED' });
      expect(answer[field], algorithm).toMatch(/=$/);
      expect(object[field], algorithm).toBe(answer[field]);
      // The SDK compares the bytes with the checksum while it reads them.
      expect(await object.Body!.transformToString()).toBe('checked');
    }
  });

  test('is refused with a wrong checksum or MD5, and leaves nothing behind', async () => {
    const wrong = sha256Of(Buffer.from('other'));
    await expect(put('bad/sum', 'bytes', { ChecksumSHA256: wrong })).rejects.toEqual(s3Failure('BadDigest', 400));
    await expect(put('bad/md5', 'bytes', { ContentMD5: createHash('md5').update('other').digest('base64') })).rejects.toEqual(
      s3Failure('BadDigest', 400),
    );
    const { KeyCount } = await world.client.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: 'bad/' }));
    expect(KeyCount).toBe(0);
  });

  test('with a checksum that the server does not compute is refused as not implemented', async () => {
    await expect(put('crc32c', 'x', { ChecksumCRC32C: 'AAAAAA==' })).rejects.toEqual(s3Failure('NotImplemented', 501));
    await expect(put('crc64', 'x', { ChecksumCRC64NVME: 'AAAAAAAAAAA=' })).rejects.toEqual(s3Failure('NotImplemented', 501));
  });
});

describe('a write under a condition', () => {
  test('if-none-match lets exactly one of thirty racing writers win', async () => {
    const writers = Array.from({ length: 30 }, (_, index) => put('race', `writer ${index}`, { IfNoneMatch: '*' }).then(() => index));
    const results = await Promise.allSettled(writers);
    const winners = results.filter((result) => result.status === 'fulfilled');
    expect(winners).toHaveLength(1);
    for (const result of results) if (result.status === 'rejected') expect(result.reason).toEqual(s3Failure('PreconditionFailed', 412));
    expect(await (await get('race')).Body!.transformToString()).toBe(`writer ${winners[0]!.value}`);
  });

  test('other than these is refused as not implemented', async () => {
    await put('conditions', 'x');
    await expect(put('conditions', 'y', { IfNoneMatch: '"etag"' })).rejects.toEqual(s3Failure('NotImplemented', 501));
    await expect(put('conditions', 'y', { IfMatch: '*' })).rejects.toEqual(s3Failure('NotImplemented', 501));
    await expect(world.client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: 'conditions', IfMatch: '*' }))).rejects.toEqual(
      s3Failure('NotImplemented', 501),
    );
  });
});

describe('a read under a condition', () => {
  test('is 304 if the reader has the object, as a browser that loads an image once more', async () => {
    const { ETag } = await put('cached', 'x');
    await expect(get('cached', { IfNoneMatch: ETag, IfModifiedSince: new Date(0) })).rejects.toEqual(s3Failure('Unknown', 304));
    expect(await (await get('cached', { IfNoneMatch: '"other"' })).Body!.transformToString()).toBe('x');
  });
});

describe('a listing', () => {
  beforeAll(async () => {
    for (const key of ['list/a', 'list/b/1', 'list/b/2', 'list/c', 'list/d/1', 'list/\uff5e', 'list/🙂']) await put(key, key);
  });
  const list = (more: object) => world.client.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: 'list/', ...more }));

  test('is in the order of the UTF-8 bytes', async () => {
    const { Contents, KeyCount, IsTruncated } = await list({});
    expect(Contents?.map(({ Key }) => Key)).toEqual(['list/a', 'list/b/1', 'list/b/2', 'list/c', 'list/d/1', 'list/\uff5e', 'list/🙂']);
    expect({ KeyCount, IsTruncated }).toEqual({ KeyCount: 7, IsTruncated: false });
    expect(Contents?.[0]).toMatchObject({ Size: 6, ETag: `"${md5Of(Buffer.from('list/a'))}"`, LastModified: expect.any(Date) });
  });

  test('groups keys by a delimiter, page by page, without losing or repeating any', async () => {
    const keys: (string | undefined)[] = [];
    const groups: (string | undefined)[] = [];
    let token: string | undefined;
    do {
      const page = await list({ Delimiter: '/', MaxKeys: 1, ContinuationToken: token });
      keys.push(...(page.Contents ?? []).map(({ Key }) => Key));
      groups.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix));
      token = page.NextContinuationToken;
      expect(page.IsTruncated).toBe(token !== undefined);
    } while (token !== undefined);
    expect(keys).toEqual(['list/a', 'list/c', 'list/\uff5e', 'list/🙂']);
    expect(groups).toEqual(['list/b/', 'list/d/']);
  });

  test('starts after a given key', async () => {
    const { Contents } = await list({ StartAfter: 'list/b/1', MaxKeys: 2 });
    expect(Contents?.map(({ Key }) => Key)).toEqual(['list/b/2', 'list/c']);
  });
});

describe('a bucket', () => {
  test('that does not exist takes and returns nothing', async () => {
    const Bucket = 'nowhere';
    for (const command of [
      new PutObjectCommand({ Bucket, Key: 'k', Body: 'x' }),
      new GetObjectCommand({ Bucket, Key: 'k' }),
      new ListObjectsV2Command({ Bucket }),
      new DeleteObjectCommand({ Bucket, Key: 'k' }),
    ]) {
      // Each command has a type of its own, and `send` an overload for each.
      await expect(world.client.send(command as PutObjectCommand)).rejects.toEqual(s3Failure('NoSuchBucket', 404));
    }
  });
});
