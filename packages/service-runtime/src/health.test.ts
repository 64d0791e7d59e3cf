import Fastify from 'fastify';
import { expect, onTestFinished, test } from 'vitest';
import { createHealthRoutes, type HealthOptions } from './health.ts';

async function setup(options: HealthOptions) {
  const server = Fastify();
  onTestFinished(() => server.close());
  await server.register(createHealthRoutes(options));
  return async (path: string) => {
    const { statusCode, body } = await server.inject(path);
    return { statusCode, body: JSON.parse(body) as unknown };
  };
}

test('a process is ready when every check holds', async () => {
  const get = await setup({ ready: [{ name: 'redis', check: async () => 'PONG' }] });
  expect(await get('/readyz')).toEqual({ statusCode: 200, body: { ready: true, checks: { redis: 'ok' } } });
});

test('the checks that do not hold are named, and nothing of their errors is', async () => {
  let aborted = false;
  const get = await setup({
    ready: [
      { name: 'redis', check: () => Promise.reject(new Error('redis://user:pass@host')) },
      {
        name: 's3',
        limitMs: 20,
        check: (signal) => new Promise(() => signal.addEventListener('abort', () => (aborted = true))),
      },
      {
        name: 'provider',
        check: () => {
          throw new Error('at once');
        },
      },
      { name: 'disk', check: async () => undefined },
    ],
  });
  expect(await get('/readyz')).toEqual({
    statusCode: 503,
    body: { ready: false, checks: { redis: 'failed', s3: 'timeout', provider: 'failed', disk: 'ok' } },
  });
  expect(aborted).toBe(true);
});

test('a process lives while it gets on with its work, whatever is ready', async () => {
  let live = true;
  const get = await setup({ ready: [{ name: 'redis', check: () => Promise.reject(new Error('away')) }], isLive: () => live });
  expect(await get('/livez')).toEqual({ statusCode: 200, body: { live: true } });
  live = false;
  expect(await get('/livez')).toEqual({ statusCode: 503, body: { live: false } });
});
