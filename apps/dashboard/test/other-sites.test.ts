import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { openWorld, PASSWORD, startDashboard } from './setup.ts';

const authorization = `Basic ${Buffer.from(`darkroom:${PASSWORD}`).toString('base64')}`;

async function setup(password: string) {
  const world = openWorld();
  const { dashboard, log } = await startDashboard(world, { password });
  const { host } = new URL(dashboard.url());
  /** Sends a request with `node:http`, because `fetch` does not allow these headers. */
  const ask = async (method: string, path: string, headers: Readonly<Record<string, string>>) => {
    const login = password === '' ? {} : { authorization };
    const sent = request(dashboard.url() + path, { method, agent: false, headers: { ...login, ...headers } }).end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage]; // the event's one argument
    return { status: response.statusCode, body: await text(response) };
  };
  return { ...world, ask, host, log, isPaused: () => world.submissions.queue.isPaused() };
}

const foreign: readonly Readonly<Record<string, string>>[] = [
  { 'sec-fetch-site': 'cross-site' },
  { 'sec-fetch-site': 'same-site' },
  { 'sec-fetch-site': 'cross-site', origin: 'OWN' },
  { origin: 'https://evil.example' },
  { origin: 'http://127.0.0.1:1' },
  { origin: 'http://OWN.evil.example' },
  { origin: 'null' },
];

test.for([
  ['with a password', PASSWORD],
  ['without a password', ''],
])('%s, a page of another site can read and cannot change anything', async ([, password = '']) => {
  const { ask, host, isPaused, log } = await setup(password);
  for (const headers of foreign) {
    const sent = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, value === 'OWN' ? `http://${host}` : value.replace('OWN', host)]),
    );
    for (const [method, path] of [
      ['PUT', '/queues/api/queues/pause'],
      ['PUT', '/queues/api/queues/submissions/pause'],
      ['POST', '/queues/api/queues/submissions/add'],
      ['DELETE', '/queues/api/queues'],
    ] as const) {
      const { status, body } = await ask(method, path, sent);
      expect([status, body], `${method} ${path} ${JSON.stringify(sent)}`).toEqual([403, expect.stringContaining('a page of another site')]);
    }
    expect((await ask('GET', '/queues/api/queues', sent)).status).toBe(200);
  }
  expect(await isPaused()).toBe(false);
  expect(log()).toContain('change from another site refused');
});

test.for([
  ['with a password', PASSWORD],
  ['without a password', ''],
])('%s, the own pages and clients other than browsers can make changes', async ([, password = '']) => {
  const { ask, host } = await setup(password);
  for (const headers of [
    {},
    { 'sec-fetch-site': 'same-origin', origin: `http://${host}` },
    { 'sec-fetch-site': 'same-origin', origin: 'https://ops.example' }, // a proxy that names another host
    { 'sec-fetch-site': 'none' },
    { origin: `http://${host}` },
    { origin: 'https://ops.example', 'x-forwarded-host': 'ops.example' },
  ])
    expect((await ask('PUT', '/queues/api/queues/submissions/pause', headers)).status, JSON.stringify(headers)).toBe(200);
});

test('the password is checked before the site', async () => {
  const { ask } = await setup(PASSWORD);
  const { status, body } = await ask('PUT', '/queues/api/queues/pause', { authorization: 'Basic x', 'sec-fetch-site': 'cross-site' });
  expect([status, body]).toEqual([401, '']);
});
