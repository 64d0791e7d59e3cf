import type { BucketKeeping } from './bucket-keeping.ts';
import { createBucket, type BucketConfig } from './bucket.ts';

/** Reads the features of a bucket by which erased bytes would stay. A feature that S3 does not tell is unknown. */
export async function examineBucket(config: BucketConfig): Promise<BucketKeeping> {
  const bucket = createBucket(config);
  try {
    return await bucket.readKeeping();
  } finally {
    bucket.close();
  }
}
