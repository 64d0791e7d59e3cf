import type { Timing } from '@darkroom/contracts';
import type { ObjectStorage } from '@darkroom/object-storage';
import type { ProcessLogger } from '@darkroom/service-runtime';

/** Warns if the credentials may end before a settlement: S3 then refuses a late upload, and the worker fetches the image instead. */
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
    'the credentials for S3 are temporary: upload URLs expire with them, and S3 refuses uploads that come later',
  );
}
