import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildNotificationStore } from '@darkroom/generation-store';
import { errorsOf } from '../src/document/build-document.ts';
import { statusOf } from '../src/answers/statuses.ts';
import type { Route } from '../src/routes/route.ts';
import { routes } from '../src/routes/table.ts';
import { order, startWorld, type World } from './world.ts';

let world: World;
let keys: { own: string; other: string; none: string };
let generationId: string;
let endpointId: string;
let notificationId: string;
beforeAll(async () => {
  world = await startWorld({ env: { NOTIFIER_ALLOW_LOOPBACK: 'true' } });
  keys = { own: await world.key('acme'), other: await world.key('bob'), none: await world.key('acme', ['read']) };
  const created = await world.call(keys.own, 'POST', '/v1/generations', order);
  ({ generationId } = (await created.json()) as { generationId: string });
  const endpoint = await world.call(keys.own, 'POST', '/v1/webhook-endpoints', { url: 'http://127.0.0.1:9/' });
  ({ endpointId } = (await endpoint.json()) as { endpointId: string });
  notificationId = `${generationId}-cancelled_${endpointId}`;
  const at = Date.now();
  await buildNotificationStore({ prefix: world.prefix }, world.redis).noteNotification({
    id: notificationId,
    tenant: 'acme',
    eventAt: at,
    state: 'failed',
  });
});
afterAll(() => world[Symbol.asyncDispose]());

const pathOf = ({ path }: Route): string =>
  path
    .replace('{id}', generationId)
    .replace('{index}', '0')
    .replace('{endpointId}', endpointId)
    .replace('{notificationId}', notificationId);
const problemOf = async (answer: Response) => {
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  const problem = (await answer.json()) as { code: string; status: number; requestId: string };
  expect(problem.status).toBe(answer.status);
  expect(problem.requestId).toBe(answer.headers.get('x-request-id'));
  return problem;
};
/** A body of the kind that the route takes, and that is wrong: nothing must happen. */
const badBody = ({ body }: Route): unknown =>
  body?.kind === 'bytes' ? new Uint8Array([1, 2, 3]) : body && { widht: 'x', images: 'none', generationId: 7, url: 7, since: 7 };

const named = (some: readonly Route[]) => some.map((route) => [`${route.method} ${route.path}`, route] as const);

describe.each(named(routes))('%s', (_, route) => {
  test('without a key, or with one that is none, is 401', async () => {
    const mistyped = keys.own.replace(/.$/, (last) => (last === 'x' ? 'y' : 'x'));
    for (const key of [undefined, 'dk_live_x', mistyped]) {
      const answer = await world.call(key, route.method, pathOf(route), badBody(route));
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toContain('Bearer');
      expect(await problemOf(answer)).toMatchObject({ code: 'api.unauthenticated' });
    }
  });

  test('without the scope is 403', async () => {
    const others = (['read', 'write', 'erase'] as const).filter((scope) => scope !== route.scope);
    const answer = await world.call(await world.key('acme', others), route.method, pathOf(route), badBody(route));
    expect(await problemOf(answer)).toMatchObject({ code: 'api.forbidden', status: 403 });
  });

  test('refuses an unknown parameter of its query', async () => {
    const answer = await world.call(keys.own, route.method, `${pathOf(route)}?limitt=3`, route.body?.kind === 'json' ? {} : badBody(route));
    expect(await problemOf(answer)).toMatchObject({
      status: 422,
      problems: [{ path: 'limitt', message: expect.stringContaining('is not a parameter') }],
    });
  });

  test('documents a status for each of its errors', () => {
    for (const code of errorsOf(route)) expect(statusOf(code)).toBeGreaterThanOrEqual(400);
  });
});

test.each(named(routes.filter(({ path }) => /\{\w*[iI]d\}/.test(path))))("%s with another tenant's key is 404", async (_, route) => {
  const bodies: Record<string, unknown> = {
    retryGeneration: {},
    changeWebhookEndpoint: {},
    resendFailedNotifications: { since: '2026-01-01T00:00:00Z' },
  };
  const body = bodies[route.operationId];
  const answer = await world.call(keys.other, route.method, pathOf(route), body);
  expect(await problemOf(answer)).toMatchObject({ code: expect.stringMatching(/not-found$/), status: 404 });
});

test.each(named(routes.filter(({ body }) => body !== undefined)))('%s with a bad body is 422, and names the problems', async (_, route) => {
  const answer = await world.call(keys.own, route.method, pathOf(route), badBody(route));
  const problem = await problemOf(answer);
  expect(problem).toMatchObject({ code: 'request.invalid', status: 422, problems: expect.arrayContaining([expect.anything()]) });
  expect(JSON.stringify(problem)).not.toContain('options.');
});

test.each(named(routes.filter(({ body }) => body?.kind === 'json')))(
  '%s with no JSON is 400, with another type 415, with too much 413',
  async (_, route) => {
    const path = pathOf(route);
    expect(await problemOf(await world.call(keys.own, route.method, path, '{'))).toMatchObject({ code: 'api.malformed', status: 400 });
    for (const type of ['text/plain', 'image/png', 'application/x-www-form-urlencoded'])
      expect(await problemOf(await world.call(keys.own, route.method, path, 'x', { 'content-type': type }))).toMatchObject({
        code: 'api.unsupported-media-type',
        status: 415,
      });
    const long = JSON.stringify({ positivePrompt: 'x'.repeat(1024 * 1024) });
    expect(await problemOf(await world.call(keys.own, route.method, path, long))).toMatchObject({ code: 'api.too-large', status: 413 });
  },
);

test('an unknown path is 404, and another method 405 with those that are taken', async () => {
  expect(await problemOf(await world.call(keys.own, 'GET', '/v1/nothing'))).toMatchObject({ code: 'api.not-found' });
  const answer = await world.call(keys.own, 'PUT', '/v1/generations');
  expect(await problemOf(answer)).toMatchObject({ code: 'api.method-not-allowed' });
  expect(answer.headers.get('allow')).toBe('POST, GET, HEAD');
  expect((await world.call(keys.own, 'GET', '/v1/generations/%ff')).status).toBe(400);
});

const isStream = ({ answers }: Route): boolean => Object.values(answers).some((answer) => answer.isStream === true);
const gets = routes.filter(({ method }) => method === 'GET');

test.each(named(gets.filter((route) => !isStream(route))))(
  '%s answers HEAD with the status and the headers of GET, and no body',
  async (_, route) => {
    const [get, head] = [await world.call(keys.own, 'GET', pathOf(route)), await world.call(keys.own, 'HEAD', pathOf(route))];
    expect(head.status).toBe(get.status);
    for (const name of ['content-type', 'content-length', 'etag', 'cache-control'])
      expect(head.headers.get(name), name).toBe(get.headers.get(name));
    expect(await head.text()).toBe('');
    expect((await world.call(undefined, 'HEAD', pathOf(route))).status).toBe(401);
  },
);

test.each(named(gets.filter(isStream)))('%s has no HEAD: it would have nothing to tell', async (_, route) => {
  const answer = await world.call(keys.own, 'HEAD', pathOf(route));
  expect(answer.status).toBe(405);
  expect(answer.headers.get('allow')).toBe('GET');
});
