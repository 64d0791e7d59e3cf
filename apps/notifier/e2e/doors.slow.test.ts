import { eventually, runApp, startFleet, storesEnvironment } from '@darkroom/testing';
import { Webhook } from 'standardwebhooks';
import { expect, onTestFinished, test } from 'vitest';
import { startReceiver, type Received } from '../test/receiver.ts';

const PATIENT = { withinMs: 60_000 };
type Json = Record<string, unknown>;

/** The API, the command line and a notifier beside a whole Darkroom. */
async function setup() {
  const fleet = await startFleet({ apis: 1, notifiers: 1 });
  onTestFinished(() => fleet.stop());
  const { redisUrl, prefix, s3Config, notificationKeys } = fleet;
  const environment = {
    ...storesEnvironment({ redisUrl, prefix, s3: s3Config }),
    NOTIFICATION_KEYS: notificationKeys,
    NOTIFIER_ALLOW_LOOPBACK: 'true',
  };
  const keyOf = async (tenant: string): Promise<string> => {
    const { output } = await runApp('cli', ['keys', '--create', 'test', '--tenant', tenant, '--json'], environment);
    // Lines for people stand beside it, on standard error.
    return (JSON.parse(output.split('\n').find((line) => line.startsWith('{')) ?? output) as { key: string }).key;
  };
  const [acme, other] = [await keyOf('acme'), await keyOf('other')];
  const call = async (method: string, path: string, body?: unknown, key = acme): Promise<{ status: number; body: Json }> => {
    const answer = await fetch(fleet.apis[0]!.url + path, {
      method,
      headers: { authorization: `Bearer ${key}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: (text === '' ? {} : JSON.parse(text)) as Json };
  };
  return { call, other, cli: (...words: string[]) => runApp('cli', words, environment) };
}

const verify = ({ body, headers }: Received, secret: unknown): Json =>
  new Webhook(String(secret)).verify(body, headers as Record<string, string>) as Json;

test('over HTTP: an endpoint is added, tried, told of an end, rotated, switched off, and deleted; another tenant sees nothing', async () => {
  const { call, other } = await setup();
  const [receiver, ofRequest] = [await startReceiver(), await startReceiver()];
  expect(await call('POST', '/v1/webhook-endpoints', { url: 'https://10.0.0.1/', evnts: [] })).toMatchObject({
    status: 422,
    body: { problems: [{ path: 'evnts', message: expect.stringContaining('"events"') }, { path: 'url' }] },
  });
  const { status, body: made } = await call('POST', '/v1/webhook-endpoints', { url: receiver.url, description: 'the shop' });
  expect([status, made['secret'], made['recorded']]).toEqual([201, expect.stringMatching(/^whsec_/), false]);
  const path = `/v1/webhook-endpoints/${String(made['endpointId'])}`;
  await eventually(async () => expect((await call('GET', path)).body['recorded']).toBe(true), PATIENT);
  expect((await call('GET', path)).body).not.toHaveProperty('secret');
  expect((await call('GET', `${path}/secret`)).body['secret']).toBe(made['secret']);

  const { body: tried } = await call('POST', `${path}/test`);
  const [test] = await receiver.until(1, 20_000);
  expect(verify(test!, made['secret'])).toMatchObject({ type: 'endpoint.test', data: { tenant: 'acme', images: [] } });
  const triedPath = (tried['urls'] as Json)['self'] as string;
  await eventually(
    async () => expect((await call('GET', triedPath)).body).toMatchObject({ status: 'delivered', event: 'endpoint.test' }),
    PATIENT,
  );

  const order = { positivePrompt: 'a lighthouse', webhookURL: ofRequest.url, runAt: new Date(Date.now() + 3_600_000).toISOString() };
  const { body: generation } = await call('POST', '/v1/generations', order);
  const generationId = String(generation['generationId']);
  expect(JSON.stringify(generation)).not.toContain('secret-of-the-receiver');
  await call('POST', `/v1/generations/${generationId}/cancel`);
  const [, end] = await receiver.until(2, 20_000);
  expect(verify(end!, made['secret'])).toMatchObject({ type: 'generation.cancelled', data: { generationId } });
  const [asked] = await ofRequest.until(1, 20_000);
  const { body: requests } = await call('GET', '/v1/webhook-endpoints/requests/secret');
  expect(verify(asked!, requests['secret'])).toMatchObject({ data: { generationId } });

  await eventually(async () => {
    const { body } = await call('GET', '/v1/notifications?status=delivered');
    expect((body['data'] as Json[]).map(({ event, generationId: of }) => [event, of])).toEqual(
      expect.arrayContaining([
        ['generation.cancelled', generationId],
        ['generation.cancelled', generationId],
        ['endpoint.test', expect.any(String)],
      ]),
    );
  }, PATIENT);
  const { body: first } = await call('GET', `/v1/notifications?limit=1&endpointId=${String(made['endpointId'])}`);
  expect(first['data']).toMatchObject([{ generationId, log: [{ status: 204 }] }]);
  const { body: second } = await call(
    'GET',
    `/v1/notifications?limit=2&endpointId=${String(made['endpointId'])}&cursor=${String(first['next'])}`,
  );
  expect([(second['data'] as Json[]).map(({ event }) => event), second['next']]).toEqual([['endpoint.test'], null]);

  const notification = `/v1/notifications/${generationId}-cancelled_${String(made['endpointId'])}`;
  const { body: rotated } = await call('POST', `${path}/rotate-secret`);
  expect(rotated['secret']).not.toBe(made['secret']);
  await eventually(async () => expect((await call('GET', path)).body['recorded']).toBe(true), PATIENT);
  expect((await call('POST', `${notification}/resend`)).status).toBe(202);
  const [, , again] = await receiver.until(3, 20_000);
  for (const secret of [made['secret'], rotated['secret']]) expect(verify(again!, secret)).toMatchObject({ data: { generationId } });
  expect(again!.headers['webhook-id']).toBe(end!.headers['webhook-id']);

  for (const [method, where, body] of [
    ['GET', path],
    ['PATCH', path, { enabled: false }],
    ['DELETE', path],
    ['GET', `${path}/secret`],
    ['POST', `${path}/test`],
    ['GET', notification],
    ['POST', `${notification}/resend`],
  ] as const)
    expect((await call(method, where, body, other)).status, `${method} ${where}`).toBe(404);
  expect((await call('GET', '/v1/notifications', undefined, other)).body).toEqual({ data: [], next: null });
  expect((await call('GET', '/v1/webhook-endpoints', undefined, other)).body).toEqual({ data: [] });

  expect((await call('PATCH', path, { enabled: false })).body).toMatchObject({ status: 'disabled', disabledFor: 'caller' });
  expect((await call('DELETE', path)).status).toBe(204);
  expect((await call('GET', path)).body['code']).toBe('webhook-endpoint.not-found');
});

test('on the command line: an endpoint is added, tried, listed and deleted, and a mistake is one line', async () => {
  const { cli } = await setup();
  const receiver = await startReceiver();
  const run = async (...words: string[]) => {
    const { code, output } = await cli(...words);
    expect(code, `${words.join(' ')}: ${output}`).toBe(0);
    return output;
  };
  const made = await run('webhooks', '--create', receiver.url, '--tenant', 'acme', '--events', 'generation.succeeded');
  const [endpointId = ''] = /we_[0-9a-f]{32}/.exec(made) ?? [];
  const [secret = ''] = /whsec_\S+/.exec(made) ?? [];
  expect(await run('webhooks', '--tenant', 'acme')).toContain(`${endpointId}  enabled  ${receiver.url}  generation.succeeded`);
  expect(await run('webhooks', endpointId, '--secret', '--tenant', 'acme')).toContain(secret);
  const tried = await run('webhooks', endpointId, '--test', '--tenant', 'acme');
  expect(tried).toContain('answered 204');
  verify((await receiver.until(1))[0]!, secret);
  const [notificationId = ''] = /\S+-test_we_\w+/.exec(tried) ?? [];
  expect(await run('notifications', '--tenant', 'acme', '--status', 'delivered')).toContain(notificationId);
  expect(await run('notifications', notificationId, '--resend', '--tenant', 'acme')).toContain('sent again');
  await receiver.until(2, 20_000);
  await run('webhooks', endpointId, '--delete', '--tenant', 'acme');
  expect(await run('webhooks', '--tenant', 'acme')).toContain('none; add one with webhooks --create <url>');
  for (const [words, says] of [
    [['webhooks', '--test'], 'the id of an endpoint is missing'],
    [['webhooks', 'we_1'], 'must be the id of an endpoint as webhooks lists it'],
    [['webhooks', endpointId, '--test', '--delete'], 'webhooks takes one of --test, --delete'],
    [['notifications', '--resend'], '--resend takes the id of a notification'],
  ] as const) {
    const { code, output } = await cli(...words);
    expect([code, output.trim()], words.join(' ')).toEqual([2, expect.stringContaining(says)]);
  }
});
