import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { dial } from './dial.ts';
import { buildSubmission, createMemoryStores, startReceiver } from './setup.ts';

const LIMIT_MS = 300;

/** Sends one piece every few milliseconds while the connection is open. @returns how long it was open, in milliseconds, and the answer. */
async function trickle(url: string, beginning: string, piece: string): Promise<{ ms: number; heard: string }> {
  const line = await dial(url);
  const startedAt = performance.now();
  line.say(beginning);
  while (line.isOpen() && performance.now() - startedAt < 10_000) {
    line.say(piece);
    await delay(20);
  }
  return { ms: performance.now() - startedAt, heard: line.heard() };
}

async function setup() {
  const memory = createMemoryStores();
  const started = await startReceiver(memory.stores, { requestLimitMs: LIMIT_MS });
  return { ...memory, ...buildSubmission(), ...started };
}

test.for([
  ['nothing at all', () => ['', '']],
  ['one byte of the first line after the other', () => ['', 'P']],
  ['one header after the other', (path: string) => [`POST ${path} HTTP/1.1\r\nHost: a\r\n`, 'X: y\r\n']],
  ['one byte of the body after the other', (path: string) => [`POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n`, 'x']],
  ['one chunk after the other', (path: string) => [`POST ${path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n`, '1\r\nx\r\n']],
  ['one empty line after the other', () => ['', '\r\n']],
] as const)('a sender of %s is disconnected after the time limit', async ([, words]) => {
  const { kept, receiver, path, post } = await setup();
  const [beginning = '', piece = ''] = words(path);
  const { ms, heard } = await trickle(receiver.url(), beginning, piece);
  // Node checks for such requests once in each period of the limit.
  expect(ms).toBeLessThan(LIMIT_MS * 2 + 1500);
  expect(heard).toMatch(/^(HTTP\/1\.1 (408|400) |$)/);
  expect(kept).toEqual([]);
  expect((await post(path, '{}')).status).toBe(200);
});

test('a client that keeps sending after its refusal is disconnected at once', async () => {
  const { receiver } = await setup();
  const { ms, heard } = await trickle(
    receiver.url(),
    'POST /webhooks/runware?capability=guess HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n',
    'x'.repeat(10_000),
  );
  expect(heard).toMatch(/^HTTP\/1\.1 401 /);
  expect(ms).toBeLessThan(LIMIT_MS);
});

test('two hundred slow clients do not delay a delivery', async () => {
  const { kept, receiver, path, post } = await setup();
  const lines = await Promise.all(Array.from({ length: 200 }, () => dial(receiver.url())));
  for (const line of lines) line.say('POST /webhooks/runware HTTP/1.1\r\nHost');
  const startedAt = performance.now();
  expect((await post(path, '{"status":"success"}')).status).toBe(200);
  expect(performance.now() - startedAt).toBeLessThan(1000);
  expect(kept).toHaveLength(1);
  await Promise.all(lines.map((line) => line.closed()));
});
