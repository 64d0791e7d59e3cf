import type { BucketKeeping } from '@darkroom/object-storage';

/** Words about a bucket in which an erasure may not remove bytes; none if it does. */
export function describeKeeping({ versioning, objectLock, replication }: BucketKeeping): string[] {
  const features = { versioning, 'Object Lock': objectLock, replication };
  const unknown = Object.entries(features).flatMap(([name, state]) => (state === 'unknown' ? name : []));
  return [
    ...(versioning === 'on'
      ? ['versioning is on: what is erased stays as an older version; add a rule that ends older versions soon']
      : []),
    ...(versioning === 'suspended' ? ['versioning is suspended: older versions stay until a rule ends them'] : []),
    ...(objectLock === 'on' ? ['Object Lock is on: what is locked cannot be erased before its date'] : []),
    ...(replication === 'on' ? ['replication is on: the other bucket keeps what is erased here'] : []),
    ...(unknown.length > 0 ? [`unknown, because S3 does not tell this key: ${unknown.join(', ')}`] : []),
  ];
}
