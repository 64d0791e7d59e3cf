import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readRequests } from '../images/read-requests.ts';
import { createHttpClient } from './http-client.ts';

const [generationId, at] = ['01890a5d-ac96-774b-bcce-b302099a8057', '2026-11-30T00:00:00Z'];

const request = { model: 'acme:poster@1', text: 'a red door', numberResults: 2 };
const view = { generationId, status: 'failed', createdAt: at, costUsd: '0', tenant: 'acme', request, reservedUsd: '0.28', images: [] };
const problem = { path: 'text', message: 'must be a text' };

/** Plays an API that knows the model `acme:poster@1`, and keeps the calls. */
async function openDoor() {
  const asked: [string | undefined, unknown][] = [];
  const server = createServer((incoming, answer) => {
    void (async () => {
      const parts: Buffer[] = [];
      for await (const part of incoming) parts.push(part as Buffer);
      const body = JSON.parse(Buffer.concat(parts).toString()) as { text?: unknown };
      asked.push([incoming.url, body]);
      const isWrong = incoming.url === '/v1/quotes' && typeof body.text !== 'string';
      const right = incoming.url === '/v1/quotes' ? { images: 2, imageUsd: '0.14', atMostUsd: '0.28', currency: 'USD' } : view;
      answer
        .writeHead(isWrong ? 422 : 200, { 'content-type': 'application/json', connection: 'close' })
        .end(JSON.stringify(isWrong ? { code: 'request.invalid', detail: 'wrong', retryable: false, problems: [problem] } : right));
    })();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { asked, ...createHttpClient({ url, key: 'dk_test_x' }, { environment: {}, signal: new AbortController().signal }) };
}

test('a generation of a model that this version does not know has the price that the API names', async () => {
  const { asked, producer } = await openDoor();
  expect(await producer.enqueue({ positivePrompt: 'a red door', numberResults: 2 }, { idempotencyKey: 'once' })).toMatchObject({
    generationId,
    quote: { imageUsd: '0.14', totalUsd: '0.28', totalNanoUsd: 280_000_000 },
  });
  expect(asked.at(-1)).toEqual(['/v1/quotes', request]);
});

test('the API checks the lines of a file that name a model that this version does not know', async () => {
  const { asked, producer } = await openDoor();
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'darkroom-lines-')), 'lines.jsonl');
  onTestFinished(() => rmSync(path.dirname(file), { recursive: true }));
  const write = (...lines: object[]): void => writeFileSync(file, lines.map((line) => JSON.stringify(line)).join('\n'));
  write(request, { positivePrompt: 'a red door' });
  expect((await readRequests(file, undefined, producer)).map(({ title }) => title)).toEqual(['line 1', 'a red door']);
  expect(asked).toEqual([['/v1/quotes', request]]);
  write({ ...request, text: 5 }, { positivePrompt: 5 });
  await expect(readRequests(file, undefined, producer)).rejects.toMatchObject({
    problems: [{ path: 'line 1: text', message: 'must be a text' }, { path: 'line 2: positivePrompt' }],
  });
});
