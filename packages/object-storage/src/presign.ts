import { GetObjectCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { Bucket } from './bucket.ts';
import { storageErrorOf } from './storage-error.ts';

/** Longest lifetime of a presigned URL (Amazon S3 API Reference, "Authenticating Requests: Using Query Parameters"). */
export const MAX_PRESIGN_SECONDS = 7 * 24 * 60 * 60;

export interface PresignReadOptions {
  /** Served instead of the stored type. */
  contentType?: string;
  /** Makes a browser save the file under this name. */
  downloadName?: string;
}

/**
 * Presigns a URL for one bare PUT. It requires only the host header: Runware does not document its other headers, and it would have to
 * send each further signed header exactly. Signed for this moment, so call it right before the purchase is sent. A URL signed with
 * temporary credentials ends with them, whatever its expiry.
 */
export const presignPut = (bucket: Bucket, key: string, expiresInSeconds: number, now: number): Promise<string> =>
  presign(`presign an upload to '${key}'`, expiresInSeconds, () => bucket.presignPut(key, expiresInSeconds, now));

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
      ResponseContentType: contentType,
      ResponseContentDisposition:
        downloadName === undefined ? undefined : `attachment; filename="${downloadName.replace(/[^\w.-]/g, '_')}"`,
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
