import { examineBucket } from '@darkroom/object-storage';
import { startTestS3 } from '@darkroom/testing';
import { expect, onTestFinished, test } from 'vitest';
import { describeKeeping } from './describe-keeping.ts';

test.each([
  [{}, []],
  [{ versioning: 'Enabled', objectLock: true }, [/^versioning is on/, /^Object Lock is on/]],
  [{ versioning: 'Suspended', replication: true }, [/^versioning is suspended/, /^replication is on/]],
  [{ areSecret: true }, [/^unknown, .*: versioning, Object Lock, replication$/]],
] as const)('a bucket that tells of %j is described', async (features, words) => {
  const { endpoint, bucket, region, credentials, stop } = await startTestS3({ features });
  onTestFinished(stop);
  const told = describeKeeping(await examineBucket({ endpoint, bucket, region, credentials, requestTimeoutMs: 10_000 }));
  expect(told).toEqual(words.map((word) => expect.stringMatching(word)));
});
