import { GENERATIONS } from './generations-adapter.ts';

/**
 * Routes that the board may use, by the patterns under which Bull Board registers them. All others, also those that a later version
 * adds, are refused: `clean` and the like would delete the jobs that wait for paid images.
 */

/** Routes of pages, files and reading requests. */
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

/** Routes of retry, promote, pause and resume, all PUT. The purchase protocol makes each of them safe at any moment. */
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

/** Reasons for a refusal, by the last word of a pattern that is no parameter. */
const reasons: Readonly<Record<string, string>> = {
  add: 'add would create a job without an entry in Redis; enqueue with a producer',
  clean: 'clean would delete the jobs that wait for paid images',
  empty: 'empty would delete the jobs that wait for paid images',
  obliterate: 'obliterate would delete the jobs that wait for paid images',
  'update-data': 'an edited job could name another submission, and its own would have no job',
  delay: 'the delays belong to the purchase protocol; promote a job to run it now',
  priority: 'the priorities belong to the purchase protocol; promote a job to run it now',
  concurrency: 'concurrency is a setting of the workers',
  'rate-limit': 'workers set the rate limit, as the provider asks',
  release: 'workers set the rate limit, as the provider asks',
  'job-schedulers': 'workers set the schedules when they start',
  remove: 'workers set the schedules when they start',
  run: 'workers set the schedules; promote the job of a schedule to run it now',
};

const lastWordOf = (route: string): string => route.split('/').findLast((part) => part !== '' && !part.startsWith(':')) ?? '';

/** Routes by which an operator changes a generation on the board. */
const generationRoutes: ReadonlySet<string> = new Set(['/api/queues/:queueName/:jobId/retry', '/api/queues/:queueName/:jobId/clean']);

/** Returns why a request is refused, or undefined if it is allowed. @param route The pattern of the route, not the address. */
export function refusalOf(method: string, route: string, params: Readonly<Record<string, string>>): string | undefined {
  if (method === 'GET' || method === 'HEAD') return readingRoutes.has(route) ? undefined : 'this page is not one of the dashboard';
  if (params['queueName'] === GENERATIONS)
    return method === 'PUT' && generationRoutes.has(route)
      ? undefined
      : 'of a generation the board can retry and cancel (Clean) a single one; `darkroom retry` and `darkroom cancel` change all that match a filter, and the page of health pauses buying';
  if (method === 'PUT' && actionRoutes.has(route)) {
    const status = params['queueStatus'];
    return status === undefined || status === 'failed' ? undefined : 'only failed jobs are retried';
  }
  return reasons[lastWordOf(route)] ?? 'the dashboard can retry, promote, pause and resume, and nothing else';
}
