import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { eventually } from '@darkroom/testing';
import { fastify } from 'fastify';
import { expect, test } from 'vitest';
import { bringHome } from './bring-home.ts';
import { order, startWorld } from './world.ts';

const STREAMS = 2000;
const PATIENT = { withinMs: 120_000 };
const client = fileURLToPath(new URL('programs/http-load.mjs', import.meta.url));

/** Starts the client, and collects what it tells. */
function load(mode: 'streams' | 'calls', env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, [client, mode], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const told: Record<string, unknown> = {};
  createInterface(child.stdout).on('line', (line) => void Object.assign(told, JSON.parse(line)));
  return { told, ended: once(child, 'close'), stop: () => child.kill('SIGKILL') };
}

const print = (words: string): void => void process.stdout.write(`${words}\n`);
const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

test(`${STREAMS} open streams on one process: memory, delay of the event loop, and events for all of them`, async () => {
  await using world = await startWorld({ env: { API_MAX_STREAMS_PER_TENANT: String(STREAMS) } });
  const key = await world.key();
  const before = process.memoryUsage().rss;
  const { told, ended, stop } = load('streams', { LOAD_URL: `${world.url}/v1/events`, LOAD_KEY: key, LOAD_COUNT: String(STREAMS) });
  await eventually(() => expect(told['statuses']).toEqual({ 200: STREAMS }), PATIENT);
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  await new Promise((resolve) => setTimeout(resolve, 20_000)); // a comment to each, and the waits of the readers
  const idle = { mean: delay.mean / 1e6, p99: delay.percentile(99) / 1e6, max: delay.max / 1e6 };
  const held = process.memoryUsage().rss - before;
  delay.reset();
  const answer = await world.call(key, 'POST', '/v1/generations', order);
  const { generationId } = (await answer.json()) as { generationId: string };
  const begunAt = performance.now();
  await bringHome(world.store, generationId);
  // Queued, committed, accepted and ended: each stream gets every event.
  await eventually(() => expect(Number(told['events'])).toBeGreaterThanOrEqual(2 * STREAMS), PATIENT);
  const spreadMs = performance.now() - begunAt;
  print(
    `${STREAMS} streams: ${mib(held)} more memory (${(held / STREAMS / 1024).toFixed(0)} KiB each); event loop idle: mean ${idle.mean.toFixed(1)}, p99 ${idle.p99.toFixed(1)}, most ${idle.max.toFixed(1)} ms; ${String(told['events'])} events in ${spreadMs.toFixed(0)} ms, loop at most ${(delay.max / 1e6).toFixed(0)} ms`,
  );
  stop();
  await ended;
  expect(held / STREAMS).toBeLessThan(150 * 1024);
  expect(idle.p99).toBeLessThan(100);
});

test('calls a second of create and read beside a bare route with the same JSON', async () => {
  await using world = await startWorld({ env: { API_REQUESTS_PER_MINUTE: '10000000' } });
  await world.store.setCaps({ allPerDay: Number.MAX_SAFE_INTEGER });
  const key = await world.key();
  const made = await world.call(key, 'POST', '/v1/generations', order);
  const text = await made.text();
  const { generationId } = JSON.parse(text) as { generationId: string };
  await using bare = fastify();
  bare.all('/', async (_request, reply) => reply.type('application/json').send(JSON.stringify(JSON.parse(text))));
  const bareUrl = await bare.listen({ port: 0, host: '127.0.0.1' });
  const measure = async (url: string, body?: object) => {
    const env = {
      LOAD_URL: url,
      LOAD_KEY: key,
      LOAD_COUNT: '16',
      LOAD_MS: '8000',
      ...(body !== undefined && { LOAD_BODY: JSON.stringify(body) }),
    };
    const { told, ended } = load('calls', env);
    await ended;
    expect(told['failed']).toEqual([]);
    return told as { perSecond: number; p99Ms: number };
  };
  for (const [name, path, body] of [
    ['read', `/v1/generations/${generationId}`, undefined],
    ['create', '/v1/generations', order],
  ] as const) {
    const own = await measure(`${world.url}${path}`, body);
    const other = await measure(bareUrl, body);
    print(
      `${name}: ${own.perSecond.toFixed(0)} calls/s, p99 ${own.p99Ms.toFixed(1)} ms; bare ${other.perSecond.toFixed(0)}/s, ${other.p99Ms.toFixed(1)} ms; ratio ${(own.perSecond / other.perSecond).toFixed(2)}`,
    );
    expect(own.perSecond / other.perSecond).toBeGreaterThan(0.02);
  }
});
