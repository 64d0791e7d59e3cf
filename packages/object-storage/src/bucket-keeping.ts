import {
  GetBucketReplicationCommand,
  GetBucketVersioningCommand,
  GetObjectLockConfigurationCommand,
  type S3Client,
} from '@aws-sdk/client-s3';

/** A feature of a bucket by which bytes outlive a delete. `unknown`: the server does not say, or the key may not ask. */
export type KeepingFeature = 'off' | 'on' | 'unknown';

/** Time for which a bucket keeps deleted objects. */
export interface BucketKeeping {
  /** `suspended`: it makes no new versions, and keeps the old ones. */
  versioning: KeepingFeature | 'suspended';
  objectLock: KeepingFeature;
  replication: KeepingFeature;
}

/** Asks S3 for the features of a bucket by which bytes outlive a delete. Never throws: a question that is refused has the answer "unknown". */
export async function readKeeping(client: S3Client, bucket: string, abortSignal: AbortSignal): Promise<BucketKeeping> {
  const [versioning, objectLock, replication] = await Promise.all([
    client.send(new GetBucketVersioningCommand({ Bucket: bucket }), { abortSignal }).then(
      ({ Status: status }) => (status === 'Enabled' ? 'on' : status === 'Suspended' ? 'suspended' : 'off'),
      () => 'unknown' as const,
    ),
    client.send(new GetObjectLockConfigurationCommand({ Bucket: bucket }), { abortSignal }).then(
      ({ ObjectLockConfiguration: lock }) => (lock?.ObjectLockEnabled === 'Enabled' ? 'on' : 'off'),
      (error: unknown) => offIf(error, 'ObjectLockConfigurationNotFoundError'),
    ),
    client.send(new GetBucketReplicationCommand({ Bucket: bucket }), { abortSignal }).then(
      ({ ReplicationConfiguration: replicated }) => (replicated?.Rules?.some(({ Status }) => Status === 'Enabled') === true ? 'on' : 'off'),
      (error: unknown) => offIf(error, 'ReplicationConfigurationNotFoundError'),
    ),
  ]);
  return { versioning, objectLock, replication };
}

/** S3 answers 404 with a code of its own for a feature that was never switched on (S3 API reference). */
const offIf = (error: unknown, code: string): KeepingFeature => (error instanceof Error && error.name === code ? 'off' : 'unknown');
