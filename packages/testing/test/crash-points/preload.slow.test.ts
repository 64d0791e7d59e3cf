import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { expect, inject, onTestFinished, test } from 'vitest';
import type { TapOrder } from '../../src/crash-points/order.ts';
import { createTap } from '../../src/crash-points/tap.ts';
import { uniquePrefix } from '../../src/unique-prefix.ts';

const program = fileURLToPath(new URL('programs/five-steps.mjs', import.meta.url));

/** Starts a server of one kind that records its requests. */
async function listen(heard: string[]): Promise<{ url: string; server: Server }> {
  const server = createServer((request, response) => {
    heard.push(`${request.method} ${request.url}`);
    response.end('ok');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server }; // it listens on a port
}

async function setup() {
  const directory = await mkdtemp(join(tmpdir(), 'darkroom-tap-'));
  const heard: string[] = [];
  const [s3, provider] = [await listen(heard), await listen(heard)];
  const redis = new Redis(inject('redisUrl'));
  const prefix = uniquePrefix();
  onTestFinished(async () => {
    redis.disconnect();
    for (const { server } of [s3, provider]) {
      server.close();
      await once(server, 'close');
    }
    await rm(directory, { recursive: true });
  });
  const tap = createTap(directory, 'program', { redis: inject('redisUrl'), s3: s3.url, provider: provider.url });
  const env = {
    PATH: process.env['PATH'] ?? '',
    REDIS_URL: inject('redisUrl'),
    PREFIX: prefix,
    S3_URL: s3.url,
    PROVIDER_URL: provider.url,
  };
  return {
    tap,
    async run(order?: TapOrder) {
      heard.splice(0);
      await redis.del(`${prefix}:steps`);
      await (order === undefined ? tap.withdraw() : tap.order(order));
      const ended = await new Promise<{ signal: NodeJS.Signals | null; steps: string[] }>((resolve) => {
        const child = execFile(process.execPath, [program], { env: { ...env, ...tap.environment } }, (_error, stdout) =>
          resolve({ signal: child.signalCode, steps: stdout.split('\n').filter(Boolean) }),
        );
      });
      return { ...ended, heard: [...heard], count: await redis.get(`${prefix}:steps`), trace: await tap.read() };
    },
  };
}

const steps = ['set', 'script', 'put', 'post', 'get'];

test('a process without an order is unchanged and not counted', async () => {
  const { run } = await setup();
  expect(await run()).toMatchObject({ signal: null, steps, count: '2', trace: { readings: 1, steps: [] } });
});

test('the tap counts every request to Redis, S3 and the provider, also those that a library makes by itself', async () => {
  const { run } = await setup();
  const { trace, signal } = await run({ kind: 'trace' });
  expect(signal).toBeNull();
  const sent = trace.steps.filter(({ step }) => step === 'sent').map(({ request }) => request);
  const own = sent.filter((request) => /SET |EVALSHA|GET |PUT|POST/.test(request) && !request.includes('CLIENT'));
  expect(own.map((request) => request.split(' ').slice(0, 2).join(' '))).toEqual([
    'redis SET',
    'redis EVALSHA',
    's3 PUT',
    'provider POST',
    'redis GET',
  ]);
  expect(sent).toEqual(expect.arrayContaining(['redis INFO', 'redis EXEC']));
  expect(sent, 'Redis runs nothing of a transaction before its end').not.toContain('redis MULTI');
  expect(trace.steps.filter(({ step }) => step === 'answered')).toHaveLength(sent.length);
});

test('the process dies at each point: before the request is sent, or after the server has done it', async () => {
  const { run } = await setup();
  const { trace: golden } = await run({ kind: 'trace' });
  const own = golden.steps
    .filter(({ request }) => /redis (SET|EVALSHA|GET) |s3 PUT|provider POST/.test(request))
    .map(({ step, request, occurrence }) => ({ request, occurrence, moment: step === 'sent' ? ('before' as const) : ('after' as const) }));
  expect(own).toHaveLength(10);
  for (const [number, at] of own.entries()) {
    const done = Math.ceil(number / 2); // the first of two points is before the request, the second after it
    const { signal, trace, ...left } = await run({ kind: 'die', at });
    expect({ signal, died: trace.died }).toEqual({ signal: 'SIGKILL', died: at });
    expect(left, JSON.stringify(at)).toEqual({
      steps: steps.slice(0, Math.floor(number / 2)),
      heard: ['PUT /bucket/key', 'POST /v1'].slice(0, Math.max(0, done - 2)),
      count: [null, '1', '2', '2', '2', '2'][done],
    });
  }
});

test('an order for a request that never comes kills no process', async () => {
  const { run } = await setup();
  const { signal, trace } = await run({ kind: 'die', at: { request: 'redis SET nothing', occurrence: 1, moment: 'before' } });
  expect({ signal, died: trace.died }).toEqual({ signal: null, died: undefined });
});
