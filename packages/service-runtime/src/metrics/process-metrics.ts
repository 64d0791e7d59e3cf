import { performance } from 'node:perf_hooks';
import { readVersion } from '../version.ts';
import type { Metrics } from './metrics.ts';

/**
 * Adds the resource use of the process, under the usual names (Prometheus docs, "Writing client libraries", process metrics). Read at each
 * scrape: prom-client's own set starts observers that cannot be stopped.
 */
export function addProcessMetrics(metrics: Metrics): void {
  const startedAt = Date.now() / 1000 - process.uptime();
  let before = performance.eventLoopUtilization();
  const build = { version: readVersion(), node: process.versions.node };

  metrics.readGauge(
    { name: 'darkroom_build_info', help: 'Always 1; the labels name the versions of Darkroom and Node.', labels: ['version', 'node'] },
    () => [{ labels: build, value: 1 }],
  );

  metrics.readGauge({ name: 'process_start_time_seconds', help: 'Start time of the process, in seconds since 1970.' }, () => [
    { labels: {}, value: startedAt },
  ]);
  metrics.readGauge({ name: 'process_resident_memory_bytes', help: 'Resident memory of the process.' }, () => [
    { labels: {}, value: process.memoryUsage.rss() },
  ]);
  metrics.readCounter({ name: 'process_cpu_seconds_total', help: 'Processor time used by the process.' }, () => {
    const { user, system } = process.cpuUsage();
    return [{ labels: {}, value: (user + system) / 1e6 }];
  });
  metrics.readGauge(
    { name: 'nodejs_eventloop_utilization_ratio', help: 'Utilization of the event loop since the last scrape, 0 to 1.' },
    () => {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, before);
      before = now;
      return [{ labels: {}, value: utilization }];
    },
  );
}
