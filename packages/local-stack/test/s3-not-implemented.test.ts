import { Readable } from 'node:stream';
import {
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectsCommand,
  GetBucketLifecycleConfigurationCommand,
  GetObjectAclCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  ListBucketsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BUCKET, startS3World, type S3World } from './s3-world.ts';

let world: S3World;
beforeAll(async () => {
  world = await startS3World();
  await world.client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'k', Body: 'before' }));
});
afterAll(() => world[Symbol.asyncDispose]());

const object = { Bucket: BUCKET, Key: 'k' };
const write = { ...object, Body: 'after' };

describe('the server answers 501, never a silent 200, to', () => {
  test.each<[string, (client: S3Client) => Promise<unknown>]>([
    ['a list of buckets', (client) => client.send(new ListBucketsCommand({}))],
    ['the old list of objects', (client) => client.send(new ListObjectsCommand({ Bucket: BUCKET }))],
    ['owners in a list', (client) => client.send(new ListObjectsV2Command({ Bucket: BUCKET, FetchOwner: true }))],
    ['lifecycle rules', (client) => client.send(new GetBucketLifecycleConfigurationCommand({ Bucket: BUCKET }))],
    ['a bucket policy', (client) => client.send(new PutBucketPolicyCommand({ Bucket: BUCKET, Policy: '{}' }))],
    ['a new bucket', (client) => client.send(new CreateBucketCommand({ Bucket: 'another' }))],
    ['the end of a bucket', (client) => client.send(new DeleteBucketCommand({ Bucket: BUCKET }))],
    ['a copy', (client) => client.send(new CopyObjectCommand({ ...object, CopySource: `${BUCKET}/k` }))],
    ['an upload in parts', (client) => client.send(new CreateMultipartUploadCommand(object))],
    ['an access list', (client) => client.send(new GetObjectAclCommand(object))],
    ['tags', (client) => client.send(new GetObjectTaggingCommand(object))],
    ['tags on a write', (client) => client.send(new PutObjectCommand({ ...write, Tagging: 'a=b' }))],
    ['an access list on a write', (client) => client.send(new PutObjectCommand({ ...write, ACL: 'public-read' }))],
    ['a storage class', (client) => client.send(new PutObjectCommand({ ...write, StorageClass: 'GLACIER' }))],
    ['encryption', (client) => client.send(new PutObjectCommand({ ...write, ServerSideEncryption: 'AES256' }))],
    ['an expected owner', (client) => client.send(new PutObjectCommand({ ...write, ExpectedBucketOwner: '123' }))],
    ['an append', (client) => client.send(new PutObjectCommand({ ...write, WriteOffsetBytes: 0 }))],
    ['a version', (client) => client.send(new GetObjectCommand({ ...object, VersionId: 'v1' }))],
    ['a range', (client) => client.send(new GetObjectCommand({ ...object, Range: 'bytes=0-1' }))],
    ['a read of one version', (client) => client.send(new GetObjectCommand({ ...object, IfMatch: '"etag"' }))],
    ['a read by date', (client) => client.send(new GetObjectCommand({ ...object, IfModifiedSince: new Date(0) }))],
    ['a part', (client) => client.send(new GetObjectCommand({ ...object, PartNumber: 1 }))],
    [
      'a version to delete',
      (client) => client.send(new DeleteObjectsCommand({ Bucket: BUCKET, Delete: { Objects: [{ Key: 'k', VersionId: 'v1' }] } })),
    ],
  ])('%s', async (_, call) => {
    await expect(call(world.client)).rejects.toMatchObject({ name: 'NotImplemented', $metadata: { httpStatusCode: 501 } });
  });

  test('an unknown query parameter', async () => {
    const command = new GetObjectCommand(object);
    command.middlewareStack.add(
      (next) => (args) => {
        // The step "build" gets the HTTP request before it is signed.
        const { query } = args.request as { query: Record<string, string> };
        query['colour'] = 'red';
        return next(args);
      },
      { step: 'build' },
    );
    const response = await fetch(await getSignedUrl(world.client, command, { expiresIn: 60 }));
    expect({ status: response.status, body: await response.text() }).toEqual({
      status: 501,
      body: expect.stringContaining('&quot;colour&quot; on GetObject'),
    });
  });

  test('a body in chunks with a checksum behind it', async () => {
    const client = world.createClient({ requestChecksumCalculation: 'WHEN_SUPPORTED' });
    const command = new PutObjectCommand({ ...object, Body: Readable.from(['af', 'ter']), ContentLength: 5 });
    await expect(client.send(command)).rejects.toMatchObject({ name: 'NotImplemented', $metadata: { httpStatusCode: 501 } });
  });

  test('without a change to its objects', async () => {
    const answer = await world.client.send(new GetObjectCommand(object));
    expect(await answer.Body!.transformToString()).toBe('before');
  });
});
