import type { Readable } from 'node:stream';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { CreateRequests } from './object-requests.ts';

/** Sends each request through the client of the AWS SDK. */
export const createSdkRequests: CreateRequests = ({ client, presigner, bucket }) => ({
  async get(key, abortSignal) {
    const { Body: body, ContentLength: announcedBytes = 0 } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }), {
      abortSignal,
    });
    // In Node the SDK returns the body as a Readable (AWS SDK for JavaScript, "Body" of GetObjectCommandOutput).
    return { announcedBytes, body: body as Readable };
  },
  async put(key, { body, contentType, isOnce }, abortSignal) {
    const command = new PutObjectCommand({
      Bucket: bucket,
      Key: key,
      Body: body,
      ContentType: contentType,
      ...(isOnce && { IfNoneMatch: '*' }),
    });
    await client.send(command, { abortSignal });
  },
  presignPut: (key, expiresInSeconds, now) =>
    getSignedUrl(presigner, new PutObjectCommand({ Bucket: bucket, Key: key }), {
      expiresIn: expiresInSeconds,
      signingDate: new Date(now),
    }),
  close: () => {},
});
