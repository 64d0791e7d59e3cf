import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';

/** Where the objects of a bucket lie, as the AWS SDK resolves it from its settings. */
export interface BucketPlace {
  /** Such as "https://darkroom.s3.eu-central-1.amazonaws.com". */
  origin: string;
  /** Path before the key, with a slash at its end. */
  path: string;
  region: string;
}

const PROBE = 'place';

/**
 * Reads the place of a bucket in a URL that the SDK presigns, so that the rules of endpoints, regions and path style stay those of the SDK.
 * Sends nothing. @returns undefined for a bucket that needs another signature than SigV4 of S3, such as a directory bucket or a multi-region
 * access point
 */
export async function findPlace(client: S3Client, bucket: string): Promise<BucketPlace | undefined> {
  const url = new URL(await getSignedUrl(client, new GetObjectCommand({ Bucket: bucket, Key: PROBE })));
  const [, , region, service] = url.searchParams.get('X-Amz-Credential')?.split('/').slice(-5) ?? [];
  const isSigV4 = url.searchParams.get('X-Amz-Algorithm') === 'AWS4-HMAC-SHA256' && service === 's3';
  if (!isSigV4 || region === undefined || !url.pathname.endsWith(`/${PROBE}`)) return undefined;
  return { origin: url.origin, path: url.pathname.slice(0, -PROBE.length), region };
}

/** Encodes a key for a path, as SigV4 asks (Amazon S3 API reference, "UriEncode"): each byte but letters, digits and "-._~/". */
export const encodeKey = (key: string): string =>
  key
    .split('/')
    .map((part) => encodeURIComponent(part).replaceAll(/[!'()*]/g, (sign) => `%${sign.codePointAt(0)?.toString(16).toUpperCase() ?? ''}`))
    .join('/');
