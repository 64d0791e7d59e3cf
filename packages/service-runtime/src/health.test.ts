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

test('a process is ready if every check passes', async () => {
  const get = await setup({ ready: [{ name: 'redis', check: async () => 'PONG' }] });
  expect(await get('/readyz')).toEqual({ statusCode: 200, body: { ready: true, checks: { redis: 'ok' } } });
});

test('failed checks have their reason, without a secret', async () => {
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
    body: { ready: false, checks: { redis: 'redis://[redacted]@host', s3: 'no answer within 20 ms', provider: 'at once', disk: 'ok' } },
  });
  expect(aborted).toBe(true);
});

test('a process is live while its loops turn, even if it is not ready', async () => {
  const state: { standstill?: string } = {};
  const get = await setup({
    ready: [{ name: 'redis', check: () => Promise.reject(new Error('away')) }],
    findStandstill: () => state.standstill,
  });
  expect(await get('/livez')).toEqual({ statusCode: 200, body: { live: true } });
  state.standstill = 'a loop has ended';
  expect(await get('/livez')).toEqual({ statusCode: 503, body: { live: false, reason: 'a loop has ended' } });
});
