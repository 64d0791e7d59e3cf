import { addConnectionGauge, type Metrics } from '@darkroom/service-runtime';
import type { Connections } from '../connect.ts';
import type { SettingsKeeper } from '../keep-settings.ts';
import { addCredentialsGauge } from './credentials-gauge.ts';
import { addQueueGauges } from './queue-gauges.ts';
import { addRedisGauges } from './redis-gauges.ts';
import { addSettingsGauge } from './settings-gauge.ts';
import { addStoreTotals } from './store-totals.ts';
import { addTenantSpend } from './tenant-spend.ts';

export interface GaugeOptions {
  isS3Away(): boolean;
  settings: Pick<SettingsKeeper, 'differs'>;
  /** Tenants whose spend has a series of its own. */
  tenants: readonly string[];
}

/** Adds the metrics that are read from Redis, S3 and the settings when they are asked for. */
export function addGauges(metrics: Metrics, connections: Connections, { isS3Away, settings, tenants }: GaugeOptions): void {
  const { redis, redisWatch, storage, store, submissions, settlements, clock } = connections;
  addQueueGauges(metrics, { connection: redis, submissions, settlements, store, now: clock.now });
  addStoreTotals(metrics, store);
  addTenantSpend(metrics, store, tenants);
  addRedisGauges(metrics, redis);
  addCredentialsGauge(metrics, storage);
  addConnectionGauge(metrics, { redis: () => redisWatch.state().kind === 'usable', s3: () => !isS3Away() });
  addSettingsGauge(metrics, settings);
}
