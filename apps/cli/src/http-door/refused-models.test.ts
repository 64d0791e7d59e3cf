import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createHttpClient } from './http-client.ts';

test('a model that the API refuses is asked for once, however many requests name it', async () => {
  let asked = 0;
  const problems = [{ path: 'model', message: 'must be one of xai:grok-imagine@image' }];
  const api = createServer((request, response) => {
    asked += 1;
    request.resume();
    const problem = { type: 'x', title: 'x', status: 422, code: 'request.invalid', detail: 'x', retryable: false, problems };
    response.writeHead(422, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem));
  }).listen(0, '127.0.0.1');
  await once(api, 'listening');
  onTestFinished(() => void api.close());
  const url = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
  const client = createHttpClient({ url, key: 'dk_live_x' }, { environment: {}, signal: new AbortController().signal });
  for (const model of ['no:such@model', 'no:such@model', 'nor:this@one', 'no:such@model'])
    expect(await client.producer.requestProblems({ model, positivePrompt: 'a door' })).toMatchObject(problems);
  expect(asked).toBe(2);
});
