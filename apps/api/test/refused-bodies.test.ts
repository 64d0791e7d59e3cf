import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { routes } from '../src/routes/table.ts';
import { shareWorld } from './shared-world.ts';
import { order } from './world.ts';

const shared = shareWorld();

const call = async (method: string, path: string, body?: unknown, headers?: Record<string, string>) => {
  const answer = await shared.world.call(shared.key, method, path, body, headers);
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
};
const enqueue = async (): Promise<string> =>
  `/v1/generations/${String((await call('POST', '/v1/generations', order)).body['generationId'])}`;

test('refuses what is no UTF-8, compressed, or not the place of an image', async () => {
  const send = (path: string, body: Buffer, headers: Record<string, string> = {}) =>
    call('POST', path, body, { 'content-type': 'application/json', ...headers });
  const latin = Buffer.from(JSON.stringify({ ...order, positivePrompt: 'café' }), 'latin1');
  expect(await send('/v1/generations', latin)).toMatchObject({ status: 400, body: { detail: expect.stringContaining('UTF-8') } });
  const whole = Buffer.from(JSON.stringify({ ...order, positivePrompt: 'café' }));
  expect(await send('/v1/quotes', whole)).toMatchObject({ status: 200 });
  expect(await send('/v1/quotes', gzipSync(whole), { 'content-encoding': 'gzip' })).toMatchObject({
    status: 415,
    body: { detail: 'the body must not be compressed' },
  });
  expect(await send('/v1/quotes', Buffer.alloc(0))).toMatchObject({ status: 400, body: { detail: expect.stringContaining('empty') } });
  const path = await enqueue();
  for (const index of ['0x0', '1e0', '00000000000', ' 0', '-1'])
    expect(await call('GET', `${path}/images/${encodeURIComponent(index)}`)).toMatchObject({ status: 422 });
});

test.each(routes.flatMap(({ method, path, body }) => (body?.kind === 'json' ? [`${method} ${path}`] : [])))(
  '%s takes an object alone',
  async (name) => {
    const [method = '', path = ''] = name.split(' ');
    for (const given of [[], [order], ['x'], 'x', 7, true, null])
      expect(await call(method, path.replaceAll(/\{\w+\}/g, '0'), JSON.stringify(given)), JSON.stringify(given)).toMatchObject({
        status: 422,
        body: { code: 'request.invalid', problems: [{ path: '', message: 'must be a JSON object' }] },
      });
  },
);

test('refuses a batch without requests, and a body where none is read', async () => {
  expect(await call('POST', '/v1/generations/batch', { requests: [] })).toMatchObject({
    status: 422,
    body: { code: 'request.invalid', problems: [{ path: 'requests', message: 'must hold at least one request' }] },
  });
  const path = await enqueue();
  for (const given of [{ reason: 'too late' }, ['x'], 7, 'x'])
    expect(await call('POST', `${path}/cancel`, JSON.stringify(given))).toMatchObject({ status: 422, body: { problems: [{ path: '' }] } });
  expect(await call('GET', path)).toMatchObject({ body: { status: 'queued' } });
  expect(await call('POST', `${path}/cancel`, {})).toMatchObject({ status: 200, body: { status: 'cancelled' } });
});
