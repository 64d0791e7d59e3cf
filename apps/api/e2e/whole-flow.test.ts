import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { mintApiKey } from '@darkroom/contracts';
import { buildGenerationStore, defaultRetention, type GenerationStore } from '@darkroom/generation-store';
import { createApiKey, restoreApiKeys } from '@darkroom/recovery';
import { createObjectStorage, type ObjectStorage } from '@darkroom/object-storage';
import { eventually, startFleet, type Fleet } from '@darkroom/testing';
import { Redis } from 'ioredis';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStream } from '../test/read-sse.ts';

/** The API as a process beside a whole Darkroom. */
let fleet: Fleet;
let store: GenerationStore;
let storage: ObjectStorage;
let redis: Redis;
let url: string;
let key: string;
let folder: string;
beforeAll(async () => {
  fleet = await startFleet({ apis: 1, erasers: 1 });
  folder = await mkdtemp(join(tmpdir(), 'darkroom-api-'));
  redis = new Redis(fleet.redisUrl);
  store = buildGenerationStore({ prefix: fleet.prefix, retention: defaultRetention, pollRate: { perSecond: 1, burst: 1 } }, redis);
  storage = createObjectStorage({ ...fleet.s3Config, requestTimeoutMs: 10_000, maxImageBytes: 2 ** 25 }, { now: Date.now });
  const acme = { tenant: 'acme', scopes: ['read' as const, 'write' as const, 'erase' as const], name: 'test' };
  ({ text: key } = await createApiKey({ store, archive: storage }, 'test', acme));
  url = fleet.apis[0]!.url;
});
afterAll(async () => {
  storage.close();
  redis.disconnect();
  await fleet.stop();
  await rm(folder, { recursive: true, force: true });
});

const PATIENT = { withinMs: 60_000 };
const call = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}, as = key) =>
  fetch(`${url}${path}`, {
    method,
    headers: { authorization: `Bearer ${as}`, ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
const json = async (answer: Response) => (await answer.json()) as Record<string, never>;

test('from a prompt over events to a picture, and to its erasure', async () => {
  const created = await json(await call('POST', '/v1/generations', { positivePrompt: 'a lighthouse', width: 1280, height: 896 }));
  const path = `/v1/generations/${String(created['generationId'])}`;
  const stream = await openStream(`${url}${path}/events`, key);
  const seen: Record<string, unknown>[] = [];
  for (let event = await stream.next(); event !== undefined; event = await stream.next()) seen.push(event.data as Record<string, unknown>);
  expect(seen.at(-1)).toMatchObject({ status: 'succeeded', costUsd: '0.02' });
  const image = await call('GET', `${path}/images/0`);
  expect(await sharp(Buffer.from(await image.arrayBuffer())).metadata()).toMatchObject({ format: 'jpeg', width: 1280, height: 896 });
  const waited = await call('POST', '/v1/generations', { positivePrompt: 'a door' }, { prefer: 'wait=60' });
  expect([waited.status, (await json(waited))['status']]).toEqual([200, 'succeeded']);
  expect(await json(await call('GET', '/v1/spend'))).toMatchObject({ periods: [{ spentUsd: '0.04' }, {}] });
  expect((await call('DELETE', path)).status).toBe(202);
  await eventually(async () => {
    expect(await json(await call('GET', path.replace('generations', 'erasures')))).toMatchObject({ status: 'erased' });
  }, PATIENT);
  expect((await call('GET', path)).status).toBe(410);
});

test('a key that a door wrote into Redis alone opens its tenant once a worker has recorded it', async () => {
  const minted = mintApiKey('test');
  await store.addApiKey(minted.id, { tenant: 'acme', scopes: ['read'], name: 'door', hash: minted.hash });
  expect((await call('GET', '/v1/spend', undefined, {}, minted.text)).status).toBe(401);
  await eventually(async () => {
    const answer = await call('GET', '/v1/spend', undefined, {}, minted.text);
    await answer.arrayBuffer();
    expect(answer.status).toBe(200);
  }, PATIENT);
  expect(await storage.readApiKey(minted.id, 1)).toMatchObject({ after: { tenant: 'acme' } });
  expect(await restoreApiKeys({ store, archive: storage })).toEqual({ recorded: 0, broughtBack: 0 });
});

test('the example of a relay shows a browser each state of an image, without a key, and the image', async () => {
  const script = fileURLToPath(new URL('../../../examples/relay/relay.mjs', import.meta.url));
  const env = { PATH: process.env['PATH'], DARKROOM_URL: url, DARKROOM_KEY: key, PORT: '0' };
  const child = spawn(process.execPath, [script], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  try {
    const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
    const address = line.trim().replace('listening at ', '');
    const page = await (await fetch(`${address}/?prompt=a+lighthouse`)).text();
    const [events = ''] = /\/generations\/[0-9a-f-]{36}\/events/.exec(page) ?? [];
    expect(page).not.toContain(key);
    const stream = await openStream(`${address}${events}`, '');
    let last: unknown;
    for (let event = await stream.next(); event !== undefined; event = await stream.next()) last = event.data;
    expect(last).toMatchObject({ status: 'succeeded', images: [{ url: expect.any(String) as string }] });
    expect((await openStream(`${address}${events}`, '', stream.lastId())).status).toBe(204);
    const image = await fetch(`${address}${events.replace('events', 'images/0')}`);
    expect(await sharp(Buffer.from(await image.arrayBuffer())).metadata()).toMatchObject({ format: 'jpeg' });
    expect((await fetch(`${address}${events.replace(/[0-9a-f]{4}\/events/, '0000/events')}`)).status).toBe(404);
  } finally {
    child.kill('SIGTERM');
  }
  expect((await closed)[0]).toBe(0);
});

test.for([
  ['sh', 'curl/generate.sh', 'a "quoted" lighthouse \\ at dusk'],
  ['python3', 'python/generate.py', 'a "quoted" lighthouse at dusk'],
] as const)('%s examples/%s makes a picture, once for each order', async ([command, file, prompt]) => {
  const picture = join(folder, `${command}.jpg`);
  const run = async (): Promise<string> => {
    const script = fileURLToPath(new URL(`../../../examples/${file}`, import.meta.url));
    const env = { PATH: process.env['PATH'], DARKROOM_URL: url, DARKROOM_KEY: key, ORDER: `order of ${command}` };
    const child = spawn(command, [script, prompt, picture], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const closed = once(child, 'close');
    const [out, complaint] = await Promise.all([text(child.stdout), text(child.stderr)]);
    expect([(await closed)[0], complaint]).toEqual([0, '']);
    return / of generation (\S+)/.exec(out)?.[1] ?? out;
  };
  const id = await run();
  expect((await sharp(await readFile(picture)).metadata()).width).toBe(1280);
  expect(await run()).toBe(id);
  expect(await json(await call('GET', `/v1/generations/${id}`))).toMatchObject({ request: { positivePrompt: prompt } });
});
