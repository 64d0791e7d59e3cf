import { parseApiKey } from '@darkroom/contracts';
import { revokeApiKey } from '@darkroom/recovery';
import { createLogger } from '@darkroom/service-runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mintReadToken, READ_TOKEN_MS } from '../src/keys/read-tokens.ts';
import { order, startWorld, type World } from './world.ts';

let world: World;
const lines: string[] = [];
beforeAll(async () => {
  world = await startWorld({ logger: createLogger({ name: 'api', level: 'debug' }, { write: (line) => void lines.push(line) }) });
});
afterAll(() => world[Symbol.asyncDispose]());

async function setup() {
  const key = await world.key();
  const enqueue = async (): Promise<string> =>
    ((await (await world.call(key, 'POST', '/v1/generations', order)).json()) as { generationId: string }).generationId;
  const generationId = await enqueue();
  const made = await world.call(key, 'POST', `/v1/generations/${generationId}/read-tokens`);
  expect([made.status, made.headers.get('cache-control')]).toEqual([201, 'no-store']);
  const answer = (await made.json()) as { token: string; expiresAt: string; urls: { self: string; events: string } };
  return { key, generationId, other: await enqueue(), ...answer };
}

test('a page reads its generation, the stream and the image with a token, and nothing else', async () => {
  const { generationId, other, token, expiresAt, urls } = await setup();
  expect(Date.parse(expiresAt) - (await world.store.readTime())).toBeGreaterThan(READ_TOKEN_MS - 60_000);
  const read = await world.call(undefined, 'GET', urls.self);
  expect([read.status, await read.json()]).toMatchObject([200, { generationId, status: 'queued' }]);
  expect((await world.call(undefined, 'HEAD', urls.self)).status).toBe(200);
  expect((await world.call(undefined, 'GET', `/v1/generations/${generationId}/images/0?token=${token}&ttlSeconds=60`)).status).toBe(404);
  expect(await (await world.call(undefined, 'GET', `/v1/generations/${generationId}/images/0?token=${token}`)).json()).toMatchObject({
    code: 'image.not-there',
  });
  const stream = await world.call(undefined, 'GET', urls.events);
  expect([stream.status, stream.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/event-stream')]);
  await stream.body?.cancel();
  for (const [method, path] of [
    ['GET', `/v1/generations/${other}`],
    ['GET', `/v1/generations/${other}/events`],
    ['GET', '/v1/generations'],
    ['GET', '/v1/events'],
    ['POST', `/v1/generations/${generationId}/cancel`],
    ['POST', `/v1/generations/${generationId}/read-tokens`],
    ['DELETE', `/v1/generations/${generationId}`],
  ] as const)
    expect((await world.call(undefined, method, `${path}?token=${token}`)).status, `${method} ${path}`).toBe(401);
  for (const wrong of [
    '',
    'drt_',
    `${token}x`,
    `${token.slice(0, -1)}${token.endsWith('A') ? 'E' : 'A'}`,
    token.replace(/_[0-9a-z]+_/, '_zzzzzz_'),
  ])
    expect((await world.call(undefined, 'GET', `/v1/generations/${generationId}?token=${wrong}`)).status, wrong).toBe(401);
  expect(lines.join('')).toContain(generationId);
  expect(lines.join(''), 'a token is in no log').not.toContain('drt_');
});

test('a token ends after an hour, and with its key', async () => {
  const { key, generationId, token } = await setup();
  const { id: keyId = '', hash: keyHash = '' } = parseApiKey(key) ?? {};
  const now = await world.store.readTime();
  const at = (time: number): string => mintReadToken({ keyId, keyHash, generationId }, time).token;
  const statusOf = async (sent: string): Promise<number> =>
    (await world.call(undefined, 'GET', `/v1/generations/${generationId}?token=${sent}`)).status;
  expect(await statusOf(at(now - READ_TOKEN_MS + 60_000))).toBe(200);
  expect(await statusOf(at(now - READ_TOKEN_MS - 1000))).toBe(401);
  expect(await statusOf(token)).toBe(200);
  await revokeApiKey({ store: world.store, archive: world.storage }, keyId);
  expect(await statusOf(token)).toBe(401);
});

test('vain attempts from the address of a proxy lock no page out, and a token that is over is no vain attempt', async () => {
  await using own = await startWorld();
  const key = await own.key();
  const { generationId } = (await (await own.call(key, 'POST', '/v1/generations', order)).json()) as { generationId: string };
  const { id: keyId = '', hash: keyHash = '' } = parseApiKey(key) ?? {};
  const now = await own.store.readTime();
  const read = async (token: string): Promise<number> =>
    (await own.call(undefined, 'GET', `/v1/generations/${generationId}?token=${token}`)).status;
  const tokenAt = (time: number): string => mintReadToken({ keyId, keyHash, generationId }, time).token;
  const countOf = async (token: string): Promise<Record<string, number>> => {
    const statuses = await Promise.all(Array.from({ length: 125 }, () => read(token)));
    return Object.fromEntries([401, 429].map((status) => [status, statuses.filter((each) => each === status).length]));
  };
  expect(await countOf(tokenAt(now - READ_TOKEN_MS - 1000))).toEqual({ 401: 125, 429: 0 });
  expect(await countOf('drt_nothing')).toMatchObject({ 401: 120, 429: 5 });
  expect(await read(tokenAt(now))).toBe(200);
});

test('a key with the scope to write alone makes no token, and a key beside a token counts', async () => {
  const { generationId, token } = await setup();
  expect((await world.call(await world.key('acme', ['write']), 'POST', `/v1/generations/${generationId}/read-tokens`)).status).toBe(403);
  expect((await world.call(await world.key('bob'), 'GET', `/v1/generations/${generationId}?token=${token}`)).status).toBe(404);
});
