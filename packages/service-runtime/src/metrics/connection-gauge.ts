import type { Metrics } from './metrics.ts';

/** Adds a gauge that is 1 for each service that the process can use now, else 0. */
export function addConnectionGauge(metrics: Metrics, isUsable: Readonly<Record<string, () => boolean>>): void {
  metrics.readGauge({ name: 'darkroom_connected', help: '1 while the process can use this service, else 0.', labels: ['service'] }, () =>
    Object.entries(isUsable).map(([service, look]) => ({ labels: { service }, value: look() ? 1 : 0 })),
  );
}
