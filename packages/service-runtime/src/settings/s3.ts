import { z } from 'zod';
import { text, url } from './variables.ts';

const bothOrNone =
  'must be given together with the other: S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY, or neither for the default chain of AWS';

/**
 * `S3_BUCKET`, `S3_REGION`, `S3_ENDPOINT` (another server than AWS; then in path style), `S3_PUBLIC_ENDPOINT` (its address in
 * presigned URLs, where others reach it by another one), and both of `S3_ACCESS_KEY_ID` and
 * `S3_SECRET_ACCESS_KEY`, or neither for the default chain of AWS.
 */
export const s3Settings = z
  .object({
    S3_BUCKET: text('the name of a bucket'),
    S3_REGION: text('a region').default('us-east-1'),
    S3_ENDPOINT: url('http:', 'https:').optional(),
    S3_PUBLIC_ENDPOINT: url('http:', 'https:').optional(),
    S3_ACCESS_KEY_ID: text('an access key id').optional(),
    S3_SECRET_ACCESS_KEY: text('a secret access key').optional(),
  })
  .transform((env, context): S3Settings => {
    const { S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey } = env;
    if ((accessKeyId === undefined) !== (secretAccessKey === undefined)) {
      const missing = accessKeyId === undefined ? 'S3_ACCESS_KEY_ID' : 'S3_SECRET_ACCESS_KEY';
      context.addIssue({ code: 'custom', path: [missing], message: bothOrNone });
    }
    return {
      bucket: env.S3_BUCKET,
      region: env.S3_REGION,
      ...(env.S3_ENDPOINT === undefined ? {} : { endpoint: env.S3_ENDPOINT }),
      ...(env.S3_PUBLIC_ENDPOINT === undefined ? {} : { publicEndpoint: env.S3_PUBLIC_ENDPOINT }),
      ...(accessKeyId === undefined || secretAccessKey === undefined ? {} : { credentials: { accessKeyId, secretAccessKey } }),
    };
  });

export interface S3Settings {
  readonly bucket: string;
  readonly region: string;
  /** Another server than AWS, addressed in path style. */
  readonly endpoint?: string;
  /** The address of that server in presigned URLs. */
  readonly publicEndpoint?: string;
  /** Absent for the default chain of AWS. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}
