import type { Operation } from './operation.ts';
import { xmlReply } from './reply.ts';
import { S3Error } from './s3-error.ts';
import { element, textElement, xmlDocument } from './xml.ts';

/** Features that a bucket of this server tells of. It has none of them: a test makes it answer as a bucket that has. */
export interface S3Features {
  readonly versioning?: 'Enabled' | 'Suspended';
  readonly objectLock?: boolean;
  readonly replication?: boolean;
  /** Refuses the questions, as S3 does without the right to ask. */
  readonly areSecret?: boolean;
}

/** The questions about a bucket that a client asks before it relies on a delete (S3 API reference). */
export function featureOperations({
  versioning,
  objectLock = false,
  replication = false,
  areSecret = false,
}: S3Features): readonly Operation[] {
  const question = (name: string, mark: string, answer: () => string): Operation => ({
    name,
    method: 'GET',
    level: 'bucket',
    mark,
    run: ({ bucket }, { files }) => {
      files.getObjects(bucket);
      if (areSecret) throw new S3Error(403, 'AccessDenied', 'Access Denied');
      return xmlReply(answer());
    },
  });
  const absent = (code: string, message: string): never => {
    throw new S3Error(404, code, message);
  };
  return [
    question('GetBucketVersioning', 'versioning', () =>
      xmlDocument('VersioningConfiguration', versioning === undefined ? [] : [textElement('Status', versioning)]),
    ),
    question('GetObjectLockConfiguration', 'object-lock', () =>
      objectLock
        ? xmlDocument('ObjectLockConfiguration', [textElement('ObjectLockEnabled', 'Enabled')])
        : absent('ObjectLockConfigurationNotFoundError', 'Object Lock configuration does not exist for this bucket'),
    ),
    question('GetBucketReplication', 'replication', () =>
      replication
        ? xmlDocument('ReplicationConfiguration', [
            textElement('Role', 'arn:aws:iam::123456789012:role/replication'),
            element('Rule', [
              textElement('Status', 'Enabled'),
              textElement('Prefix', ''),
              element('Destination', [textElement('Bucket', 'arn:aws:s3:::another')]),
            ]),
          ])
        : absent('ReplicationConfigurationNotFoundError', 'The replication configuration was not found'),
    ),
  ];
}
