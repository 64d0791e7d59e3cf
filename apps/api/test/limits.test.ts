import { randomUUID } from 'node:crypto';
import { aclRulesOf, redisRights } from '@darkroom/generation-store';
import { createLogger } from '@darkroom/service-runtime';
import { revokeApiKey } from '@darkroom/recovery';
import { parseApiKey } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { order, startWorld } from './world.ts';

test('a key with too many requests gets 429 with the time to wait, and others do not', async () => {
  await using world = await startWorld({ env: { API_REQUESTS_PER_MINUTE: '3' } });
  const [busy, other] = [await world.key('acme'), await world.key('acme')];
  const statuses: number[] = [];
  let last: Response | undefined;
  for (let at = 0; at < 4; at += 1) {
    last = await world.call(busy, 'GET', '/v1/spend');
    if (at === 0) expect(last.headers.get('ratelimit')).toMatch(/^"key";r=2;t=\d+$/);
    statuses.push(last.status);
  }
  expect(statuses).toEqual([200, 200, 200, 429]);
  expect(Number(last?.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(Number(last?.headers.get('retry-after'))).toBeLessThanOrEqual(60);
  expect(last?.headers.get('ratelimit-policy')).toBe('"key";q=3;w=60');
  expect(last?.headers.get('ratelimit')).toMatch(/^"key";r=0;t=\d+$/);
  expect(await last?.json()).toMatchObject({ code: 'api.too-many-requests', retryable: true });
  expect((await world.call(other, 'GET', '/v1/spend')).status).toBe(200);
  expect((await world.call(undefined, 'GET', '/v1/spend')).headers.get('ratelimit')).toBeNull();
  const narrow = await world.key('acme', ['read']);
  const refused: number[] = [];
  for (let at = 0; at < 4; at += 1) refused.push((await world.call(narrow, 'POST', '/v1/generations', order)).status);
  expect(refused).toEqual([403, 403, 403, 429]);
});

test('a revoked key opens nothing from the next request on', async () => {
  await using world = await startWorld();
  const key = await world.key();
  expect((await world.call(key, 'GET', '/v1/spend')).status).toBe(200);
  await revokeApiKey({ store: world.store, archive: world.storage }, parseApiKey(key)?.id ?? '');
  expect((await world.call(key, 'GET', '/v1/spend')).status).toBe(401);
});

test('the log has each request with its id, and no query, key or prompt', async () => {
  const lines: string[] = [];
  await using world = await startWorld({
    logger: createLogger({ name: 'api', level: 'debug' }, { write: (line) => void lines.push(line) }),
  });
  const key = await world.key();
  const answer = await world.call(key, 'POST', '/v1/generations', { ...order, positivePrompt: 'a secret garden' });
  await world.call(key, 'GET', '/v1/generations?tag=private-word&idempotencyKey=');
  await world.call(`${key}x`, 'GET', '/v1/nowhere/private-word?also=private');
  await world.call(key, 'POST', '/v1/generations', '{"positivePrompt":"a secret garden');
  const log = lines.join('');
  expect(log).toContain(answer.headers.get('x-request-id') ?? 'none');
  expect(log).toContain('"operation":"createGeneration"');
  for (const secret of [key.slice(20, 40), 'secret garden', 'also', 'idempotencyKey']) expect(log).not.toContain(secret);
  expect(log.match(/private-word/g)).toHaveLength(1);
});

test('works with exactly the rights of its Redis user', async () => {
  const admin: { disconnect(): void }[] = [];
  await using world = await startWorld({
    redisUrl: async (redisUrl, prefix) => {
      const { Redis } = await import('ioredis');
      const redis = new Redis(redisUrl);
      admin.push(redis);
      const name = `api-${randomUUID()}`;
      await redis.call('ACL', 'SETUSER', name, 'on', '>a-password', ...aclRulesOf(redisRights.api, prefix));
      const address = new URL(redisUrl);
      address.username = name;
      address.password = 'a-password';
      return address.href;
    },
  });
  const key = await world.key();
  const made = await world.call(key, 'POST', '/v1/generations', order, { 'idempotency-key': 'a' });
  expect(made.status).toBe(202);
  for (const path of [made.headers.get('location') ?? '', '/v1/generations', '/v1/spend', '/v1/generations?tag=a&metadata[a]=b'])
    expect((await world.call(key, 'GET', path)).status, path).toBe(200);
  expect((await world.call(key, 'POST', `${made.headers.get('location')}/cancel`)).status).toBe(200);
  expect((await world.call(key, 'POST', `${made.headers.get('location')}/retry`)).status).toBe(202);
  expect((await world.call(key, 'DELETE', made.headers.get('location') ?? '')).status).toBe(202);
  expect((await fetch(`${world.url}/readyz`)).status).toBe(200);
  for (const each of admin) each.disconnect();
});
