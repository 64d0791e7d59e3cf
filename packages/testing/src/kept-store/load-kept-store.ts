import { createHash } from 'node:crypto';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { Redis } from 'ioredis';
import type { KeptStore } from './kept-store.ts';

/**
 * Loads the kept Redis into an empty one: every value byte for byte. What had so long to live when the store was taken down has it
 * from now on, so that the fixture does not age. To Darkroom this is a server that restarted: its memory must be compared with S3.
 */
export async function loadKeptRedis({ keys }: KeptStore, redis: Redis): Promise<void> {
  if ((await redis.dbsize()) > 0) throw new Error('a kept store is loaded into an empty Redis alone');
  // 0 is no time to live to RESTORE; a lock that had none left is as good as gone after a millisecond.
  for (const { key, ttlMs, dump } of keys) await redis.restore(key, ttlMs === null ? 0 : Math.max(1, ttlMs), Buffer.from(dump, 'base64'));
}

/** Puts the kept objects into an empty bucket, byte for byte. Only the time of the write is another one. */
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

/** Copies bill and state of the provider to where an emulator (`EMULATOR_DIR`) goes on with them. */
export async function copyKeptProvider({ directory }: KeptStore, emulatorDirectory: string): Promise<void> {
  await cp(join(directory, 'emulator'), emulatorDirectory, { recursive: true });
}
