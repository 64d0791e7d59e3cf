import type { ObjectStorage } from '@darkroom/object-storage';
import type { Metrics } from '@darkroom/service-runtime';

/** Adds the end of the credentials for S3. Those of a role are renewed before it; a time in the past means that the renewal fails. */
export function addCredentialsGauge(metrics: Metrics, storage: Pick<ObjectStorage, 'credentialsExpireAt'>): void {
  metrics.readGauge(
    {
      name: 'darkroom_credentials_expire_timestamp_seconds',
      help: 'Time at which the credentials for S3 end, in seconds since 1970; 0 for permanent ones.',
    },
    async () => [{ labels: {}, value: ((await storage.credentialsExpireAt()) ?? 0) / 1000 }],
  );
}
