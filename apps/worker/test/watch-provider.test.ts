import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRunwareClient } from '@darkroom/runware-client';
import { createLogger } from '@darkroom/service-runtime';
import { eventually, freePort } from '@darkroom/testing';
import { expect, onTestFinished, test } from 'vitest';
import { watchProvider } from '../src/watch-provider.ts';

test('a worker without work finds by a free question that the provider is back, and logs only its origin', async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/gateway-secret/v1`;
  const reached = createRunwareClient({ url, apiKey: 'rw-key', requestTimeoutMs: 1000, maxImageBytes: 1 }, { now: Date.now });
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger({ name: 'test' }, { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) });
  const stopped = new AbortController();
  let now = 0;
  const provider = watchProvider(
    reached,
    { url, firstMs: 20, maxMs: 50 },
    { logger, now: () => now, createId: randomUUID, signal: stopped.signal },
  );
  onTestFinished(() => stopped.abort());

  await provider.lookUp(randomUUID());
  now = 10_000;
  // The look finds the provider still away; no other request is made.
  await eventually(() => expect(lines).toMatchObject([{ event: 'provider.lost', url: `http://127.0.0.1:${port}` }]));

  const asked: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (bytes) => (body += String(bytes)));
    request.on('end', () => {
      asked.push(body);
      response.setHeader('content-type', 'application/json').setHeader('connection', 'close').end('{"data":[]}');
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  await eventually(() => expect(lines.at(-1)).toMatchObject({ event: 'provider.regained' }));
  expect(JSON.stringify(lines)).not.toContain('gateway-secret');
  expect(asked).toEqual([expect.stringContaining('"getResponse"')]);
});
