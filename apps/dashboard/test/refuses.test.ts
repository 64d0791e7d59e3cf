import { jobIdOf } from '@darkroom/queues';
import { expect, test } from 'vitest';
import { actionRoutes, readingRoutes } from '../src/app.ts';
import { openWorld, startDashboard } from './setup.ts';

const ownRoutes = [
  '/',
  '/generations',
  '/generations/:generationId',
  '/spend',
  '/health',
  '/pictures/:generationId/:index/:size',
  '/livez',
  '/readyz',
  '/metrics',
  // each asks for a reason (e2e/pages.slow.test.ts)
  '/generations/:id/cancel',
  '/generations/:id/retry',
  '/generations/many',
  '/generations/many/:id',
  '/generations/many/:id/cancel',
  '/generations/many/:id/retry',
  '/generations/many/:id/stop',
  '/generations/:id/erase',
  '/spend/caps',
  '/health/pause',
  '/health/resume',
];
const BOARD = '/queues';
const isReading = (method: string): boolean => method === 'GET' || method === 'HEAD';

/** Routes of Bull Board 9.10.1 that change something, without the allowed ones. */
const refusedRoutes = [
  'PATCH /api/queues/:queueName/:jobId/delay',
  'PATCH /api/queues/:queueName/:jobId/priority',
  'PATCH /api/queues/:queueName/:jobId/update-data',
  'PATCH /api/queues/:queueName/job-schedulers/:schedulerId',
  'POST /api/queues/:queueName/add',
  'PUT /api/queues/:queueName/:jobId/clean',
  'PUT /api/queues/:queueName/:jobId/remove-unprocessed-children',
  'PUT /api/queues/:queueName/clean/:queueStatus',
  'PUT /api/queues/:queueName/concurrency',
  'PUT /api/queues/:queueName/empty',
  'PUT /api/queues/:queueName/job-schedulers/:schedulerId/remove',
  'PUT /api/queues/:queueName/job-schedulers/:schedulerId/run',
  'PUT /api/queues/:queueName/obliterate',
  'PUT /api/queues/:queueName/rate-limit',
  'PUT /api/queues/:queueName/rate-limit/release',
];

async function setup() {
  const world = openWorld();
  return { ...world, ...(await startDashboard(world)) };
}

test('every registered route is known: a version of Bull Board with a new one fails here', async () => {
  const { routes } = await setup();
  const ofBoard = routes
    .filter(({ route }) => route.startsWith(BOARD))
    .map(({ method, route }) => ({ method, route: route.slice(BOARD.length) }));
  const own = routes.map(({ route }) => route).filter((route) => !route.startsWith(BOARD) && !route.startsWith('/assets/'));
  expect(new Set(own)).toEqual(new Set(ownRoutes));
  const changing = ofBoard.filter(({ method }) => !isReading(method));
  expect(changing.map(({ method, route }) => `${method} ${route}`).toSorted()).toEqual(
    [...[...actionRoutes].map((route) => `PUT ${route}`), ...refusedRoutes].toSorted(),
  );
  const reading = new Set(ofBoard.filter(({ method }) => isReading(method)).map(({ route }) => route));
  expect([...reading].toSorted()).toEqual(
    [...readingRoutes, '', '/metrics-history', '/darkroom.css'].filter((route) => route !== '/').toSorted(),
  );
});

test.for(refusedRoutes)('%s is refused with its reason, and nothing changes', { timeout: 30_000 }, async (refused) => {
  const { ask, park, fail, queue, submissions, settlements, snapshot, log } = await setup();
  const [parked, failed, waiting] = [await park(), await fail(), await queue()];
  await submissions.queue.upsertJobScheduler('schedule', { every: 3_600_000 }, { name: 'reconcile' });
  await settlements.queue.pause(); // obliterate requires it
  const before = await snapshot();
  const [method = '', route = ''] = refused.replace(' ', ` ${BOARD}`).split(' ');
  const bodies = [
    '{}',
    '{"force":true}',
    '{"name":"x","data":{},"options":{}}',
    '{"concurrency":1}',
    '{"max":1,"duration":1}',
    '{"delay":0}',
  ];
  for (const [queueName, ref] of [
    ['settlements', parked],
    ['submissions', failed],
    ['submissions', waiting],
  ] as const) {
    for (const status of ['delayed', 'wait', 'waiting', 'failed', 'completed', 'active', 'prioritized', 'paused']) {
      const path = route
        .replace(':queueName', queueName)
        .replace(':jobId', jobIdOf(ref))
        .replace(':queueStatus', status)
        .replace(':schedulerId', 'schedule');
      for (const body of bodies) {
        const answer = await ask(method, path, {
          body,
          headers: { 'content-type': 'application/json', authorization: `Basic ${btoa('darkroom:correct-horse-battery')}` },
        });
        expect(answer.status, path).toBe(403);
        const { error, message } = JSON.parse(answer.body) as { error: unknown; message: string };
        expect(error).toEqual({ key: 'ERRORS.FORBIDDEN' });
        expect(message).not.toBe('');
      }
      if (!route.includes(':queueStatus')) break;
    }
  }
  expect(await snapshot()).toEqual(before);
  expect(log()).toContain('action refused');
});

test('the reason of a refusal names what would be lost', async () => {
  const { ask } = await setup();
  const messageOf = async (path: string): Promise<unknown> => (JSON.parse((await ask('PUT', path)).body) as { message: unknown }).message;
  expect(await messageOf('/queues/api/queues/settlements/clean/delayed')).toBe('clean would delete the jobs that wait for paid images');
  expect(await messageOf('/queues/api/queues/settlements/obliterate')).toBe('obliterate would delete the jobs that wait for paid images');
  expect(await messageOf('/queues/api/queues/settlements/some-job/clean')).toBe('clean would delete the jobs that wait for paid images');
});

test('retry of a whole queue takes failed jobs only', async () => {
  const { ask } = await setup();
  expect((await ask('PUT', '/queues/api/queues/submissions/retry/completed')).status).toBe(403);
  expect((await ask('PUT', '/queues/api/queues/submissions/retry/clean')).status).toBe(403);
});

test.for([
  ['PUT', '//queues/api/queues/settlements/empty'],
  ['PUT', '/queues/api/queues/settlements/empty/'],
  ['PUT', '/queues/API/queues/settlements/empty'],
  ['PUT', '/queues/api/queues/settlements/%65mpty'],
  ['PUT', '/queues/api/queues/x/../settlements/empty'],
  ['PUT', '/queues/api/queues/settlements/promote%2f..%2fempty'],
  ['PUT', '/queues/api/queues/settlements/clean;/promote/delayed'],
  ['POST', '/queues/api/queues/settlements/empty'],
  ['DELETE', '/queues/api/queues/settlements'],
  ['GET', '/queues/api/queues/settlements/empty'],
  ['POST', '/queues/api/queues/settlements/promote?_method=PUT'],
])('%s %s does not get around the refusal', async ([method, path]) => {
  const { ask, park, stateOf, snapshot } = await setup();
  const ref = await park();
  const before = await snapshot();
  const headers = { 'x-http-method-override': 'PUT', authorization: `Basic ${btoa('darkroom:correct-horse-battery')}` };
  expect([403, 404]).toContain((await ask(method!, path!, { headers })).status);
  expect(await snapshot()).toEqual(before);
  expect((await stateOf(ref)).settlement).toBe('delayed');
});
