import type { Metrics } from '@darkroom/service-runtime';
import type { SettingsKeeper } from '../keep-settings.ts';

/** Adds a gauge that is 1 while the environment of this worker names other caps than the store has. */
export function addSettingsGauge(metrics: Metrics, settings: Pick<SettingsKeeper, 'differs'>): void {
  metrics.readGauge(
    { name: 'darkroom_settings_differ', help: '1 while the environment of this worker names other spend caps than the store has, else 0.' },
    async () => [{ labels: {}, value: settings.differs() ? 1 : 0 }],
  );
}
