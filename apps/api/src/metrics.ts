import { labelSets, type Metrics } from '@darkroom/service-runtime';
import { errorStatuses } from './answers/statuses.ts';
import type { Route } from './routes/route.ts';

/** Bounds of the histogram: reads take milliseconds, `Prefer: wait` up to a minute. */
const REQUEST_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** Requests to no route of the table. */
export const NO_ROUTE = 'none';

/** Adds the metrics of the API. Their meaning: docs/operations/metrics.md. */
export function createApiMetrics(metrics: Metrics, routes: readonly Route[], openStreams: () => number) {
  metrics.readGauge({ name: 'darkroom_api_open_streams', help: 'Open streams of server-sent events.' }, () => [
    { labels: {}, value: openStreams() },
  ]);
  const statuses = [...new Set([200, 201, 202, 204, 302, 304, ...errorStatuses])].map(String);
  return {
    requests: metrics.counter({
      name: 'darkroom_api_requests_total',
      help: 'Answered HTTP requests of the API, by operation and status.',
      labels: ['operation', 'status'],
      known: labelSets({ operation: [NO_ROUTE, ...routes.map(({ operationId }) => operationId)], status: statuses }),
    }),
    seconds: metrics.histogram({
      name: 'darkroom_api_request_seconds',
      help: 'Duration of HTTP requests of the API, streams aside.',
      buckets: REQUEST_SECONDS,
    }),
  };
}
