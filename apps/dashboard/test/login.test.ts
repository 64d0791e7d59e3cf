import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { uniquePrefix } from '@darkroom/testing';
import { expect, inject, test } from 'vitest';
import { PASSWORD, startDashboard } from './setup.ts';

const world = () => ({ url: inject('redisUrl'), prefix: uniquePrefix() });
const basic = (text: string): RequestInit => ({ headers: { authorization: `Basic ${Buffer.from(text).toString('base64')}` } });

test('a user with the password sees the board, and every answer has the security headers', async () => {
  const { ask } = await startDashboard(world());
  const page = await ask('GET', '/queues/');
  expect(page.status).toBe(200);
  expect(page.body).toContain('<title>Darkroom</title>');
  for (const path of ['/queues/', '/queues/api/queues', '/queues/static/images/logo.svg', '/livez', '/metrics', '/nowhere']) {
    const { headers } = await ask('GET', path);
    expect(headers.get('cache-control'), path).toBe('no-store');
    expect(headers.get('content-security-policy'), path).toContain("default-src 'none'");
    expect(headers.get('x-frame-options'), path).toBe('DENY');
    expect(headers.get('x-content-type-options'), path).toBe('nosniff');
    expect(headers.get('access-control-allow-origin'), path).toBeNull();
  }
});

test.for([{}, basic('darkroom:wrong'), basic(`other:${PASSWORD}`), basic(':'), { headers: { authorization: `Bearer ${PASSWORD}` } }])(
  'without the password (%j) every path answers 401 without detail',
  async (init) => {
    const { ask } = await startDashboard(world());
    for (const [method, path] of [
      ['GET', '/queues/'],
      ['GET', '/queues/static/images/logo.svg'],
      ['GET', '/queues/api/queues'],
      ['GET', '/metrics'],
      ['GET', '/nowhere'],
      ['PUT', '/queues/api/queues/pause'],
      ['PUT', '/queues/api/queues/submissions/obliterate'],
    ] as const) {
      const { status, body, headers } = await ask(method, path, { headers: {}, ...init });
      expect([status, body], path).toEqual([401, '']);
      expect(headers.get('www-authenticate'), path).toBe('Basic realm="Darkroom", charset="UTF-8"');
    }
  },
);

test('/livez and /readyz need no password', async () => {
  const { ask } = await startDashboard(world());
  expect((await ask('GET', '/livez', { headers: {} })).status).toBe(200);
  expect(JSON.parse((await ask('GET', '/readyz', { headers: {} })).body)).toEqual({ ready: true, checks: { redis: 'ok', clock: 'ok' } });
});

test('after ten wrong passwords wrong ones get 429 for a minute, the right one is accepted, and no password is logged', async () => {
  let time = 0;
  const { ask, log } = await startDashboard(world(), { now: () => time });
  for (let attempt = 0; attempt < 10; attempt += 1) {
    expect((await ask('GET', '/queues/', basic(`darkroom:guess-number-${attempt}`))).status).toBe(401);
  }
  time = 15_000;
  const { status, body, headers } = await ask('GET', '/queues/', basic('darkroom:guess-number-10'));
  expect([status, body, headers.get('retry-after')]).toEqual([429, '', '45']);
  expect((await ask('GET', '/queues/')).status).toBe(200);
  expect((await ask('GET', '/livez')).status).toBe(200);
  time = 60_000;
  expect((await ask('GET', '/queues/', basic('darkroom:guess-number-11'))).status).toBe(401);
  expect(log().match(/login refused/g)).toHaveLength(11);
  expect(log()).not.toMatch(/guess-number|correct-horse/);
});

test('a request without a password is no failed login', async () => {
  const { ask } = await startDashboard(world());
  for (let attempt = 0; attempt < 30; attempt += 1) expect((await ask('GET', '/queues/', { headers: {} })).status).toBe(401);
  expect((await ask('GET', '/queues/')).status).toBe(200);
});

test('a dashboard without a password is open on this machine, and its start line says so', async () => {
  const { ask, log } = await startDashboard(world(), { password: '' });
  expect((await ask('GET', '/queues/', { headers: {} })).status).toBe(200);
  expect(log()).toContain('open to every user of this machine');
});

test('a dashboard without a password refuses a page that gives this machine a name of its own', async () => {
  const { dashboard } = await startDashboard(world(), { password: '' });
  const statusFor = async (host: string): Promise<number | undefined> => {
    const request = get(`${dashboard.url()}/queues/api/queues`, { headers: { host }, agent: false });
    const [response] = (await once(request, 'response')) as [IncomingMessage]; // the event's one argument
    response.resume();
    await once(response, 'end');
    return response.statusCode;
  };
  expect(await statusFor('rebound.example:3003')).toBe(403);
  expect(await statusFor('127.0.0.1.example')).toBe(403);
  expect(await statusFor('localhost:8080')).toBe(200);
  expect(await statusFor('[::1]:3003')).toBe(200);
});

test('the start line with a password names the user and not the password', async () => {
  const { log } = await startDashboard(world());
  expect(log()).toContain('password of \\"darkroom\\"');
  expect(log()).not.toContain(PASSWORD);
});
