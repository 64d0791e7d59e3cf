import type { ErasingStore } from '@darkroom/generation-store';
import { labelSets, type Counter, type Metrics } from '@darkroom/service-runtime';

const folders = ['images', 'staging'] as const;

export interface EraserMetrics {
  deleted: Counter<'folder'>;
}

/** Creates the metrics of an eraser. Their meaning: docs/operations/metrics.md. */
export function createEraserMetrics(metrics: Metrics, store: Pick<ErasingStore, 'countLeftUploads' | 'countErasures'>): EraserMetrics {
  metrics.readGauge({ name: 'darkroom_uploads_left', help: 'Uploads that wait for the eraser.' }, async () => [
    { labels: {}, value: await store.countLeftUploads() },
  ]);
  metrics.readGauge(
    { name: 'darkroom_erasures', help: 'Generations that the eraser sweeps until their upload URLs have ended.' },
    async () => [{ labels: {}, value: await store.countErasures() }],
  );
  return {
    deleted: metrics.counter({
      name: 'darkroom_deleted_objects_total',
      help: 'Objects that the eraser deleted, by folder of the bucket.',
      labels: ['folder'],
      known: labelSets({ folder: folders }),
    }),
  };
}
