import { expect, test } from 'vitest';
import { createProbeClient, type ProbeClient } from '../src/index.ts';
import { answerJson, reset, startScriptedProvider, type Script, type ScriptedProvider } from './scripted-provider.ts';
import { apiKey, NOW, otherTaskUUID, taskUUID } from './world.ts';

async function setup(script: Script): Promise<{ provider: ScriptedProvider; client: ProbeClient } & AsyncDisposable> {
  const provider = await startScriptedProvider(script);
  const config = { url: `${provider.url}/v1`, apiKey, requestTimeoutMs: 5000, maxImageBytes: 1024, imageHosts: [provider.host] };
  const client = createProbeClient(config, { now: () => NOW });
  return { provider, client, [Symbol.asyncDispose]: () => provider[Symbol.asyncDispose]() };
}

test('a purchase of a probe has no ttl, and breaks a rule or is dry only on request', async () => {
  await using world = await setup(answerJson(200, { data: [{ taskUUID, cost: 0.02 }] }));
  const answer = await world.client.buy({ taskUUID, prompt: 'grey' });
  await world.client.buy({ taskUUID, prompt: 'grey', refusable: true, dry: true });
  const [plain, odd] = world.provider.seen;
  expect(plain?.body).toMatchObject([{ taskUUID, width: 1024, height: 1024, deliveryMethod: 'async', numberResults: 1 }]);
  expect(JSON.stringify(plain?.body)).not.toMatch(/ttl|uploadEndpoint|webhookURL/);
  expect(plain?.headers).not.toHaveProperty('x-runware-dry-run');
  expect(odd?.body).toMatchObject([{ width: 1 }]);
  expect(odd?.headers['x-runware-dry-run']).toBe('1');
  expect(answer).toMatchObject({ httpStatus: 200, entries: [{ taskUUID, form: 'data', costNanoUsd: 20_000_000, hasImage: false }] });
});

test('asks about several tasks in one request', async () => {
  await using world = await setup(answerJson(200, { data: [] }));
  await world.client.poll([taskUUID, otherTaskUUID]);
  expect(world.provider.seen.map(({ body }) => body)).toEqual([
    [
      { taskType: 'getResponse', taskUUID },
      { taskType: 'getResponse', taskUUID: otherTaskUUID },
    ],
  ]);
});

test.each([
  ['errors', { data: [], errors: [{ taskUUID, code: 'providerError', message: 'm' }] }],
  ['data-nested', { data: [{ taskUUID, status: 'error', error: { code: 'providerError', message: 'm' } }] }],
  ['data-flat', { data: [{ taskUUID, status: 'error', code: 'providerError', message: 'm' }] }],
])('reports a failure in the form %s as such', async (form, body) => {
  await using world = await setup(answerJson(200, body));
  const { entries } = await world.client.poll([taskUUID]);
  expect(entries).toMatchObject([{ form, fault: { class: 'provider', code: 'providerError' } }]);
});

test.each([
  ['null', null],
  ['result', { data: [{ taskUUID, imageUUID: 'i', imageURL: 'https://im.runware.ai/i.jpg' }] }],
  ['error', { data: [], errors: [{ taskUUID, code: 'conflictTaskUUID', message: 'm' }] }],
])('reports details with the response %s as such', async (response, kept) => {
  await using world = await setup(answerJson(200, { data: [{ taskType: 'getTaskDetails', taskUUID, response: kept }] }));
  expect((await world.client.details(taskUUID)).entries).toMatchObject([{ response }]);
});

test('reports a network error without the key', async () => {
  await using world = await setup(reset);
  const answer = await world.client.buy({ taskUUID, prompt: 'grey' });
  expect(answer).toMatchObject({ httpStatus: undefined, entries: [] });
  expect(answer.trouble).toContain('imageInference');
  expect(answer.trouble).not.toContain(apiKey);
});
