import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { Bucket } from './bucket.ts';
import { storageErrorOf } from './storage-error.ts';

/** The longest that a presigned URL can live (Amazon S3 API Reference, "Authenticating Requests: Using Query Parameters"). */
export const MAX_PRESIGN_SECONDS = 7 * 24 * 60 * 60;

export interface PresignReadOptions {
  /** Served instead of the stored one. */
  contentType?: string;
  /** Makes a browser save the file under this name. */
  downloadName?: string;
}

/**
 * A URL that takes one bare PUT. It demands nothing of the sender but the host: what Runware sends besides the bytes is not
 * documented, and each further signed header would be one that it must send exactly. Signed for this moment, so to be made
 * right before the purchase is sent. Signed with temporary credentials it dies with them, whatever it says.
 */
export const presignPut = (bucket: Bucket, key: string, expiresInSeconds: number, now: number): Promise<string> =>
  presign(`presign an upload to '${key}'`, expiresInSeconds, () =>
    getSignedUrl(bucket.presigner, new PutObjectCommand({ Bucket: bucket.name, Key: key }), {
      expiresIn: expiresInSeconds,
      signingDate: new Date(now),
    }),
  );

export const presignGet = (
  bucket: Bucket,
  key: string,
  expiresInSeconds: number,
  now: number,
  { contentType, downloadName }: PresignReadOptions,
): Promise<string> =>
  presign(`presign a read of '${key}'`, expiresInSeconds, () => {
    const command = new GetObjectCommand({
      Bucket: bucket.name,
      Key: key,
      ...(contentType === undefined ? {} : { ResponseContentType: contentType }),
      ...(downloadName === undefined
        ? {}
        : { ResponseContentDisposition: `attachment; filename="${downloadName.replace(/[^\w.-]/g, '_')}"` }),
    });
    return getSignedUrl(bucket.presigner, command, { expiresIn: expiresInSeconds, signingDate: new Date(now) });
  });

async function presign(attempted: string, expiresInSeconds: number, sign: () => Promise<string>): Promise<string> {
  if (!Number.isInteger(expiresInSeconds) || expiresInSeconds < 1 || expiresInSeconds > MAX_PRESIGN_SECONDS) {
    throw new RangeError(`a presigned URL lives from 1 to ${MAX_PRESIGN_SECONDS} whole seconds, got ${expiresInSeconds}`);
  }
  try {
    return await sign();
  } catch (error) {
    throw storageErrorOf(error, attempted);
  }
}
