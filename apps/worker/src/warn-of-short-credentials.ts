import type { Timing } from '@darkroom/contracts';
import type { ObjectStorage } from '@darkroom/object-storage';
import type { ProcessLogger } from '@darkroom/service-runtime';

/** With credentials that end before a settlement may, late uploads are refused by S3, and images are fetched from the provider. */
export async function warnOfShortCredentials(
  storage: ObjectStorage,
  { capabilityTtlMs }: Timing,
  now: number,
  logger: ProcessLogger,
): Promise<void> {
  const expiresAt = await storage.credentialsExpireAt();
  if (expiresAt === undefined || expiresAt >= now + capabilityTtlMs) return;
  logger.warn(
    { expiresAt: new Date(expiresAt).toISOString(), wantedMs: capabilityTtlMs },
    'the credentials for S3 are temporary: an upload URL ends with them, and an upload that comes later is refused',
  );
}
