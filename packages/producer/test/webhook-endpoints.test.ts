import { randomBytes } from 'node:crypto';
import { ProblemList, type HostRules } from '@darkroom/contracts';
import { buildGenerationStore, connectPatient, defaultRetention } from '@darkroom/generation-store';
import { uniquePrefix } from '@darkroom/testing';
import { expect, inject, onTestFinished, test } from 'vitest';
import { createProducer, createWebhookEndpoints, type WebhookEndpointsOptions } from '../src/index.ts';
import { checkHost } from '../src/webhook-endpoints/read-endpoint.ts';

const url = 'http://127.0.0.1:9/hook';

async function setup() {
  const [redisUrl, prefix] = [inject('redisUrl'), uniquePrefix()];
  const redis = connectPatient(redisUrl);
  const store = buildGenerationStore({ prefix, retention: defaultRetention, pollRate: { perSecond: 1, burst: 1 } }, redis);
  onTestFinished(() => redis.disconnect());
  await store.setCaps({ allPerDay: 1_000_000_000_000 });
  await store.initialise('epoch', 'owner');
  const keys = `k1:${randomBytes(24).toString('hex')}`;
  const open = (given: Partial<WebhookEndpointsOptions> = {}) => {
    const endpoints = createWebhookEndpoints({ redisUrl, prefix, tenant: 'acme', keys, allowLoopback: true, ...given });
    onTestFinished(() => endpoints.close());
    return endpoints;
  };
  return { redisUrl, prefix, redis, store, open };
}

test('an endpoint is created with its secret, listed, changed, rotated and deleted', async () => {
  const endpoints = (await setup()).open();
  const { endpointId, secret, ...created } = await endpoints.create({ url, description: 'the shop' });
  expect(created).toMatchObject({ tenant: 'acme', url, description: 'the shop', status: 'enabled', recorded: false });
  expect(created.events).toContain('generation.succeeded');
  expect(secret).toMatch(/^whsec_/);
  expect(await endpoints.secret(endpointId)).toBe(secret);
  expect(await endpoints.list()).toMatchObject([{ endpointId }]);
  expect(await endpoints.update(endpointId, { events: ['generation.failed'], enabled: false })).toMatchObject({
    events: ['generation.failed'],
    status: 'disabled',
    disabledFor: 'caller',
  });
  expect(await endpoints.update(endpointId, { description: 'x' })).toMatchObject({ status: 'disabled', disabledFor: 'caller' });
  expect(await endpoints.update(endpointId, { enabled: true })).not.toHaveProperty('disabledFor');
  const rotated = await endpoints.rotateSecret(endpointId);
  expect(rotated.secret).not.toBe(secret);
  expect(rotated.oldSecretUntil).toBeGreaterThan(Date.now() + 23 * 3_600_000);
  await endpoints.delete(endpointId);
  expect(await endpoints.list()).toEqual([]);
  await expect(endpoints.get(endpointId)).rejects.toMatchObject({ code: 'webhook-endpoint.not-found' });
});

test('an endpoint that Redis may have forgotten is not "not found"', async () => {
  const { open, redis, prefix } = await setup();
  const endpoints = open();
  const { endpointId } = await endpoints.create({ url });
  await redis.del(`${prefix}:webhook-endpoint:${endpointId}`);
  const run = await redis.getset(`${prefix}:server-run`, 'another run');
  for (const call of [() => endpoints.get(endpointId), () => endpoints.delete(endpointId)])
    await expect(call()).rejects.toMatchObject({ code: 'queue.unavailable', reached: 'no', details: { reason: 'recovering' } });
  await redis.set(`${prefix}:server-run`, run ?? '');
  await expect(endpoints.get(endpointId)).rejects.toMatchObject({ code: 'webhook-endpoint.not-found' });
});

test('an endpoint and a notification of another tenant do not exist', async () => {
  const { open, redis, prefix } = await setup();
  const { endpointId } = await open().create({ url });
  const id = `01a25000-0000-7000-8000-000000000000-succeeded_${endpointId}`;
  await redis.hset(`${prefix}:notification:${id}`, { tenant: 'acme', at: 7, state: 'failed', attempts: 1, log: '8 500 12 http-500' });
  expect(await open().notification(id)).toEqual({
    notificationId: id,
    eventAt: 7,
    endpointId,
    event: 'generation.succeeded',
    generationId: '01a25000-0000-7000-8000-000000000000',
    status: 'failed',
    attempts: 1,
    log: [{ at: 8, status: 500, ms: 12, fault: 'http-500' }],
  });
  const other = open({ tenant: 'other' });
  for (const call of [
    () => other.get(endpointId),
    () => other.update(endpointId, { enabled: false }),
    () => other.rotateSecret(endpointId),
    () => other.secret(endpointId),
    () => other.delete(endpointId),
    () => other.resendFailed(endpointId, { since: Date.now() }),
  ])
    await expect(call()).rejects.toMatchObject({ code: 'webhook-endpoint.not-found' });
  for (const call of [() => other.notification(id), () => other.resend(id), () => open().resend('nonsense')])
    await expect(call()).rejects.toMatchObject({ code: 'notification.not-found' });
  expect(await other.list()).toEqual([]);
});

test('a call with mistakes names all of them, changes nothing, and repeats no address', async () => {
  const endpoints = (await setup()).open({ allowLoopback: false });
  const bad = { url: 'http://127.1/secret', events: ['generation.succeded'], descriptoin: 'x' } as object as { url: string };
  const error = await endpoints.create(bad).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'request.invalid', problemCount: 3 });
  expect(String(error)).toMatch(/endpoint.url.*leads to this machine/s);
  expect(String(error)).toMatch(/did you mean "description"/);
  expect(String(error)).not.toContain('secret');
  expect(await endpoints.list()).toEqual([]);
});

test('a host is resolved before an endpoint is kept', async () => {
  const problemsOf = async (resolve: HostRules['resolve']): Promise<string> => {
    const problems = new ProblemList();
    await checkHost('https://app.example/', { allowLoopback: false, resolve }, problems);
    return problems.told.map(({ message }) => message).join();
  };
  expect(await problemsOf(async () => [{ address: '1.1.1.1', family: 4 }])).toBe('');
  expect(
    await problemsOf(async () => [
      { address: '1.1.1.1', family: 4 },
      { address: '10.0.0.1', family: 4 },
    ]),
  ).toMatch(/leads elsewhere/);
  expect(await problemsOf(() => Promise.reject(Object.assign(new Error(), { code: 'ENOTFOUND' })))).toMatch(/cannot be resolved/);
});

test('a tenant has at most 20 endpoints, and no secret is told without master keys', async () => {
  const endpoints = (await setup()).open({ keys: undefined as never });
  for (let n = 0; n < 20; n += 1) expect(await endpoints.create({ url })).not.toHaveProperty('secret');
  await expect(endpoints.create({ url })).rejects.toMatchObject({ code: 'webhook-endpoint.too-many' });
  await expect(endpoints.secret('requests')).rejects.toMatchObject({ code: 'config.invalid' });
});

test('the options webhookURL and webhookEvents of an enqueue are checked, kept beside the request, and gone with it', async () => {
  const { redisUrl, prefix, redis } = await setup();
  const producer = createProducer({ redisUrl, prefix, tenant: 'acme' });
  onTestFinished(() => producer.close());
  const request = { positivePrompt: 'a lighthouse', width: 1280, height: 896 } as const;
  const mistake = await producer
    .enqueue(request, { webhookURL: 'https://user:hunter22@app.example/', webhookEvents: ['all' as 'image.settled'] })
    .catch((thrown: unknown) => thrown);
  expect(mistake).toMatchObject({ code: 'request.invalid', problemCount: 2 });
  expect(String(mistake)).not.toContain('hunter22');
  await expect(producer.enqueue(request, { webhookEvents: ['image.settled'] })).rejects.toThrow('stands with options.webhookURL alone');
  const { generationId } = await producer.enqueue(request, {
    webhookURL: 'https://app.example/hook?token=t',
    webhookEvents: ['image.settled'],
  });
  const key = `${prefix}:generation:${generationId}`;
  expect(JSON.parse((await redis.hget(`${key}:request`, 'webhook')) ?? '')).toEqual({
    url: 'https://app.example/hook?token=t',
    types: ['image.settled'],
  });
  const page = await producer.list();
  expect(JSON.stringify([await redis.hgetall(key), await producer.get(generationId), page])).not.toContain('app.example');
});
