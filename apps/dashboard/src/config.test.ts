import { ConfigError } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { loadDashboardConfig } from './config.ts';

const REDIS_URL = 'redis://127.0.0.1:6379';

test('on loopback the dashboard needs no password', () => {
  expect(loadDashboardConfig({ REDIS_URL })).toMatchObject({
    access: { user: 'darkroom', password: undefined },
    listen: { host: '127.0.0.1', port: 3003 },
  });
});

test.for(['127.0.0.1', '127.1.2.3', '::1', 'localhost'])('HOST %s is loopback', (HOST) => {
  expect(loadDashboardConfig({ REDIS_URL, HOST }).listen.host).toBe(HOST);
});

test.for(['0.0.0.0', '::', '10.0.0.7', 'example.com', '127.0.0.1.example.com', '1270.0.1'])(
  'with HOST %s a password is required',
  (HOST) => {
    expect(() => loadDashboardConfig({ REDIS_URL, HOST })).toThrow(
      new ConfigError([
        {
          path: 'DASHBOARD_PASSWORD',
          message: 'with a HOST that others can reach it must be a password of at least 12 characters',
        },
      ]),
    );
    expect(loadDashboardConfig({ REDIS_URL, HOST, DASHBOARD_PASSWORD: 'x'.repeat(12) }).listen.host).toBe(HOST);
  },
);

test.for([{ HOST: '0.0.0.0' }, {}])('a short password is refused on every HOST (%j), and not shown', (env) => {
  let message = '';
  try {
    loadDashboardConfig({ REDIS_URL, ...env, DASHBOARD_PASSWORD: 'short-secre' });
  } catch (error) {
    message = String(error);
  }
  expect(message).toContain('DASHBOARD_PASSWORD: must be a password of at least 12 characters');
  expect(message).not.toContain('short-secre');
});

test('a user name with a colon is refused: it could never log in', () => {
  expect(() => loadDashboardConfig({ REDIS_URL, DASHBOARD_USER: 'a:b' })).toThrow('DASHBOARD_USER: must be a user name without ":"');
});
