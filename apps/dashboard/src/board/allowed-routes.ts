/**
 * What the board may do, by the patterns under which Bull Board registers its routes. Everything else that it has, and
 * whatever a later version adds, is refused: `clean` and its like would delete waits for images that are paid for.
 */

/** Pages, files and reading. */
export const readingRoutes: ReadonlySet<string> = new Set([
  '/',
  '/job-schedulers',
  '/queue/:queueName',
  '/queue/:queueName/:jobId',
  '/static/*',
  '/api/redis/stats',
  '/api/queues',
  '/api/job-schedulers',
  '/api/queues/:queueName/metrics',
  '/api/queues/:queueName/default-job-options',
  '/api/queues/:queueName/workers',
  '/api/queues/:queueName/rate-limit',
  '/api/queues/:queueName/job-data-schema',
  '/api/queues/:queueName/:jobId/logs',
  '/api/queues/:queueName/:jobId/flow',
  '/api/queues/:queueName/:jobId',
]);

/** Retry, promote, pause and resume, all of them PUT. The purchase protocol makes each of them safe at any moment. */
export const actionRoutes: ReadonlySet<string> = new Set([
  '/api/queues/pause',
  '/api/queues/resume',
  '/api/queues/:queueName/pause',
  '/api/queues/:queueName/resume',
  '/api/queues/:queueName/promote',
  '/api/queues/:queueName/retry/:queueStatus',
  '/api/queues/:queueName/:jobId/promote',
  '/api/queues/:queueName/:jobId/retry',
]);

/** Why a route is refused, by the last word of its pattern that is no parameter. */
const reasons: Readonly<Record<string, string>> = {
  add: 'add would make a job of which no record knows; enqueue with a producer',
  clean: 'clean would delete the waits for images that are paid for',
  empty: 'empty would delete the waits for images that are paid for',
  obliterate: 'obliterate would delete the waits for images that are paid for',
  'update-data': 'a job that names another submission would leave its own without a wait',
  delay: 'the delays belong to the purchase protocol; promote a job to run it now',
  priority: 'the priorities belong to the purchase protocol; promote a job to run it now',
  concurrency: 'concurrency is a setting of the workers',
  'rate-limit': 'the rate limit belongs to the workers, who hear it from the provider',
  release: 'the rate limit belongs to the workers, who hear it from the provider',
  'job-schedulers': 'schedules belong to the workers, who set them when they start',
  remove: 'schedules belong to the workers, who set them when they start',
  run: 'schedules belong to the workers; promote their job to run it now',
};

const lastWordOf = (route: string): string => route.split('/').findLast((part) => part !== '' && !part.startsWith(':')) ?? '';

/** Why the board must not do this, or undefined when it may. @param route The pattern of the route, not the address. */
export function refusalOf(method: string, route: string, params: Readonly<Record<string, string>>): string | undefined {
  if (method === 'GET' || method === 'HEAD') return readingRoutes.has(route) ? undefined : 'this page is not one of the dashboard';
  if (method === 'PUT' && actionRoutes.has(route)) {
    const status = params['queueStatus'];
    return status === undefined || status === 'failed' ? undefined : 'only failed jobs are retried';
  }
  return reasons[lastWordOf(route)] ?? 'the dashboard can retry, promote, pause and resume, and nothing else';
}
