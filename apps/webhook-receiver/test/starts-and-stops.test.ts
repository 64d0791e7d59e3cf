import { expect, test } from 'vitest';
import { createWebhookReceiver } from '../src/app.ts';
import { buildSubmission, createMemoryStores, keys, startReceiver } from './setup.ts';

const config = {
  redis: { url: 'redis://127.0.0.1:1', prefix: '{unused}' },
  keys,
  log: { level: 'silent', logPrompts: false },
  tracing: { endpoint: undefined },
  listen: { host: '127.0.0.1', port: 0 },
} as const;

test('a delivery under way at a stop is kept and answered', async () => {
  const memory = createMemoryStores();
  const { receiver, post } = await startReceiver(memory.stores);
  const { path } = buildSubmission();
  let release = () => {};
  const reached = new Promise<void>((resolve) => {
    memory.state.keep = () => {
      resolve();
      return new Promise((done) => (release = done));
    };
  });
  const answer = post(path, '{}');
  await reached;
  const stopped = receiver.stop();
  release();
  expect((await answer).status).toBe(200);
  await stopped;
  expect(memory.kept).toHaveLength(1);
  await expect(post(path, '{}')).rejects.toThrow();
});

test('a stop before the start, a second stop and a start after it do nothing', async () => {
  const receiver = createWebhookReceiver(config, { stores: createMemoryStores().stores });
  await receiver.stop();
  await receiver.stop();
  await receiver.start();
  expect(() => receiver.url()).toThrow('has no address');
});

test('on a port in use the start fails, and the stop still closes everything', async () => {
  const { receiver } = await startReceiver(createMemoryStores().stores);
  let closed = 0;
  const second = createWebhookReceiver(
    { ...config, listen: { host: '127.0.0.1', port: Number(new URL(receiver.url()).port) } },
    { stores: { ...createMemoryStores().stores, close: async () => void (closed += 1) } },
  );
  await expect(second.start()).rejects.toThrow('EADDRINUSE');
  await second.stop();
  expect(closed).toBe(1);
});

test('/livez ignores the store, and /readyz follows it', async () => {
  const memory = createMemoryStores();
  const { receiver } = await startReceiver(memory.stores);
  const get = async (path: string) => {
    const response = await fetch(receiver.url() + path);
    return [response.status, await response.json()];
  };
  expect(await get('/livez')).toEqual([200, { live: true }]);
  expect(await get('/readyz')).toEqual([200, { ready: true, checks: { memory: 'ok' } }]);
  memory.state.isReady = false;
  expect(await get('/livez')).toEqual([200, { live: true }]);
  expect(await get('/readyz')).toEqual([503, { ready: false, checks: { memory: 'away' } }]);
});
