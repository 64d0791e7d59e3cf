import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createHttpClient } from './http-client.ts';

const [generationId, at] = ['01890a5d-ac96-774b-bcce-b302099a8057', '2026-11-30T00:00:00Z'];

test('a generation of a model that this version does not know has the price that the API names', async () => {
  const request = { model: 'acme:poster@1', positivePrompt: 'a red door', numberResults: 2 };
  const asked: unknown[] = [];
  const view = { generationId, status: 'queued', createdAt: at, costUsd: '0', tenant: 'acme', request, reservedUsd: '0.28', images: [] };
  const server = createServer((incoming, answer) => {
    void (async () => {
      const parts: Buffer[] = [];
      for await (const part of incoming) parts.push(part as Buffer);
      asked.push([incoming.url, JSON.parse(Buffer.concat(parts).toString())]);
      const body = incoming.url === '/v1/quotes' ? { images: 2, imageUsd: '0.14', atMostUsd: '0.28', currency: 'USD' } : view;
      answer.writeHead(200, { 'content-type': 'application/json', connection: 'close' }).end(JSON.stringify(body));
    })();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { signal } = new AbortController();
  const { producer } = createHttpClient({ url, key: 'dk_test_x' }, { environment: {}, signal });
  expect(await producer.enqueue({ positivePrompt: 'a red door', numberResults: 2 }, { idempotencyKey: 'once' })).toMatchObject({
    generationId,
    quote: { imageUsd: '0.14', totalUsd: '0.28', totalNanoUsd: 280_000_000 },
  });
  expect(asked.at(-1)).toEqual(['/v1/quotes', request]);
});
