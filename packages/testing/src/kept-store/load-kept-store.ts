import { createHash } from 'node:crypto';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { Redis } from 'ioredis';
import type { KeptStore } from './kept-store.ts';

/**
 * Loads the kept Redis into an empty one, every value byte for byte. A key's time to live starts again, so that the fixture does not
 * age. To Darkroom this looks like a restarted server, whose memory it must compare with S3.
 */
export async function loadKeptRedis({ keys }: KeptStore, redis: Redis): Promise<void> {
  if ((await redis.dbsize()) > 0) throw new Error('a kept store must be loaded into an empty Redis');
  // RESTORE takes 0 as "no time to live". A lock without time left gets a millisecond, which is as good as none.
  for (const { key, ttlMs, dump } of keys) await redis.restore(key, ttlMs === null ? 0 : Math.max(1, ttlMs), Buffer.from(dump, 'base64'));
}

/** Puts the kept objects into an empty bucket, byte for byte; only their times of writing are new. */
export async function loadKeptBucket(
  kept: KeptStore,
  s3: { endpoint: string; region: string; bucket: string; credentials: { accessKeyId: string; secretAccessKey: string } },
): Promise<void> {
  const client = new S3Client({ endpoint: s3.endpoint, region: s3.region, credentials: s3.credentials, forcePathStyle: true });
  try {
    for (const { key, sha256, contentType, metadata } of kept.objects) {
      const Body = await kept.readObject(key);
      if (createHash('sha256').update(Body).digest('hex') !== sha256) throw new Error(`the fixture of "${key}" was changed`);
      await client.send(new PutObjectCommand({ Bucket: s3.bucket, Key: key, Body, ContentType: contentType, Metadata: metadata }));
    }
  } finally {
    client.destroy();
  }
}

/** Copies the provider's bill and state to the folder of an emulator (`EMULATOR_DIR`), which continues with them. */
export async function copyKeptProvider({ directory }: KeptStore, emulatorDirectory: string): Promise<void> {
  await cp(join(directory, 'emulator'), emulatorDirectory, { recursive: true });
}
