import {
  BUCKET_RULE,
  defined,
  findBucketProblem,
  findRegionProblem,
  findSecretProblem,
  REGION_RULE,
  SERVER_ADDRESS_RULE,
} from '@darkroom/contracts';
import { z } from 'zod';
import { formed, oneOf, secretText, serverAddress } from './variables.ts';

const bothOrNone =
  'must be given together with the other: S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY, or neither for the default chain of AWS';

const shape = {
  S3_BUCKET: formed(BUCKET_RULE, findBucketProblem),
  S3_REGION: formed(REGION_RULE, findRegionProblem).default('us-east-1'),
  S3_ENDPOINT: serverAddress().optional(),
  S3_PUBLIC_ENDPOINT: serverAddress().optional(),
  S3_ACCESS_KEY_ID: formed(
    'an access key id',
    (id) => findSecretProblem(id) ?? (/[/,]/.test(id) ? 'has a slash or comma in it' : undefined),
  ).optional(),
  S3_SECRET_ACCESS_KEY: secretText('a secret access key').optional(),
};
const bucketObject = z.object(shape);
type BucketEnvironment = z.output<typeof bucketObject>;

/**
 * `S3_BUCKET`, `S3_REGION`, `S3_ENDPOINT` (another server than AWS; then in path style), `S3_PUBLIC_ENDPOINT` (its address in presigned
 * URLs, if others reach it by another one), and both of `S3_ACCESS_KEY_ID` and `S3_SECRET_ACCESS_KEY`, or neither for the default chain of
 * AWS.
 */
export const s3Settings = bucketObject.transform(bucketOf);

/** `WORKER_S3_REQUESTS`: by our own signed requests, or by the AWS SDK. Commands that read many objects follow it. */
export const s3Requests = oneOf(['signed', 'sdk']).default('signed');
export const s3RequestsSettings = z.object({ WORKER_S3_REQUESTS: s3Requests }).transform((env) => env.WORKER_S3_REQUESTS);

/** The same for a process that does without a bucket: undefined without `S3_BUCKET`. */
export const optionalS3Settings = z
  .object({ ...shape, S3_BUCKET: shape.S3_BUCKET.optional() })
  .transform(({ S3_BUCKET, ...env }, context) => (S3_BUCKET === undefined ? undefined : bucketOf({ ...env, S3_BUCKET }, context)));

function bucketOf(env: BucketEnvironment, context: z.core.$RefinementCtx): S3Settings {
  const { S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey } = env;
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined)) {
    const missing = accessKeyId === undefined ? 'S3_ACCESS_KEY_ID' : 'S3_SECRET_ACCESS_KEY';
    context.addIssue({ code: 'custom', path: [missing], message: bothOrNone });
  }
  for (const name of ['S3_ENDPOINT', 'S3_PUBLIC_ENDPOINT'] as const)
    // Keys go into the path, after the bucket: a host with the bucket would name it twice.
    if (new URL(env[name] ?? 'http://none').hostname.startsWith(`${env.S3_BUCKET}.s3`))
      context.addIssue({
        code: 'custom',
        path: [name],
        message: `has the bucket in its host, and must be ${SERVER_ADDRESS_RULE}, without it`,
      });
  return {
    bucket: env.S3_BUCKET,
    region: env.S3_REGION,
    ...defined({
      endpoint: env.S3_ENDPOINT,
      publicEndpoint: env.S3_PUBLIC_ENDPOINT,
      credentials: accessKeyId === undefined || secretAccessKey === undefined ? undefined : { accessKeyId, secretAccessKey },
    }),
  };
}

export interface S3Settings {
  readonly bucket: string;
  readonly region: string;
  /** Another server than AWS, addressed in path style. */
  readonly endpoint?: string;
  /** Address of that server in presigned URLs. */
  readonly publicEndpoint?: string;
  /** Absent for the default chain of AWS. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}
