import { setTimeout as delay } from 'node:timers/promises';
import { createProducer, createWebhookEndpoints } from '@darkroom/producer';
import { verifyWebhook } from '@darkroom/producer/webhooks';
import { eventually, runApp, startFleet, storesEnvironment } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { Webhook } from 'standardwebhooks';
import { expect, onTestFinished, test } from 'vitest';
import { startReceiver, type Received } from '../test/receiver.ts';

const request = { positivePrompt: 'a lighthouse at dusk', width: 1280, height: 896 } as const;
const idOf = ({ headers }: Received): string => String(headers['webhook-id']);

async function setup() {
  const fleet = await startFleet({ notifiers: 1, workerEnv: { DAILY_CAP_USD: '100' }, faults: { uploadBeforeWebhookRate: 1 } });
  onTestFinished(() => fleet.stop());
  const { redisUrl, prefix, notificationKeys: keys } = fleet;
  const producer = createProducer({ redisUrl, prefix, tenant: 'acme', allowLoopbackWebhooks: true });
  const endpoints = createWebhookEndpoints({ redisUrl, prefix, tenant: 'acme', keys, allowLoopback: true });
  onTestFinished(async () => {
    await producer.close();
    await endpoints.close();
  });
  return { fleet, notifier: fleet.notifiers[0]!, producer, endpoints };
}

test('a bought image is told to the endpoint of its tenant and to the receiver of its request, signed, and a worker records the endpoint', async () => {
  const { producer, endpoints } = await setup();
  const [receiver, ofRequest] = [await startReceiver(), await startReceiver()];
  const { endpointId, secret = '', recorded } = await endpoints.create({ url: receiver.url, description: 'the shop' });
  expect(recorded).toBe(false);
  await eventually(async () => expect(await endpoints.get(endpointId)).toMatchObject({ recorded: true, status: 'enabled' }), {
    withinMs: 30_000,
  });
  const { generationId, images } = await producer.generate(request, { webhookURL: ofRequest.url, tags: ['blue'] });
  const [told] = await receiver.until(1, 20_000);
  const read = verifyWebhook(told!.body, told!.headers, secret);
  expect(read).toEqual(new Webhook(secret).verify(told!.body, told!.headers as Record<string, string>));
  expect(read).toMatchObject({
    type: 'generation.succeeded',
    data: {
      eventId: idOf(told!),
      generationId,
      status: 'succeeded',
      tags: ['blue'],
      costUsd: '0.02',
      images: [{ index: 0, status: 'succeeded', key: images[0]?.image?.key, sha256: images[0]?.image?.sha256 }],
    },
  });
  expect(told!.body).not.toMatch(/lighthouse|X-Amz/);
  const [asked] = await ofRequest.until(1, 20_000);
  verifyWebhook(asked!.body, asked!.headers, await endpoints.secret('requests'));
  await eventually(async () =>
    expect(await endpoints.notification(`${idOf(told!)}_${endpointId}`)).toMatchObject({
      status: 'delivered',
      generationId,
      log: [{ status: 204 }],
    }),
  );
});

test('a notifier that is killed before an answer, right after it, and anywhere else loses no notification, and repeats keep their id', async () => {
  const { fleet, notifier, producer, endpoints } = await setup();
  const kills: Promise<unknown>[] = [];
  let isKilling = true;
  const restart = async (): Promise<void> => {
    await notifier.kill();
    await notifier.start();
  };
  let restarting: Promise<void> | undefined;
  // One at a time: a death while it starts is one of the moments, too.
  const strike = (): void => {
    restarting ??= restart().finally(() => (restarting = undefined));
    kills.push(restarting);
  };
  const receiver = await startReceiver((n) => {
    if (isKilling && n % 7 === 3) {
      strike();
      return n % 2 === 0 ? 'silence' : 204;
    }
    return n % 5 === 0 ? 500 : 204;
  });
  const { endpointId } = await endpoints.create({ url: receiver.url });
  await eventually(async () => expect((await endpoints.get(endpointId)).recorded).toBe(true), { withinMs: 30_000 });
  const ids: string[] = [];
  for (let n = 0; n < 40; n += 1) {
    const { generationId } = await producer.enqueue(request, { runAt: Date.now() + 3_600_000 });
    await producer.cancel(generationId);
    ids.push(`${generationId}-cancelled`);
    if (n % 8 === 4) strike();
    await delay(50);
  }
  await Promise.allSettled(kills);
  isKilling = false;
  await eventually(
    () => {
      const told = new Set(receiver.received.map(idOf));
      const missing = ids.filter((id) => !told.has(id));
      if (missing.length > 0) throw new Error(`${missing.length} of ${ids.length} are missing`);
    },
    { withinMs: 90_000, everyMs: 200 },
  );
  const known = new Set(ids);
  expect(receiver.received.map(idOf).filter((id) => !known.has(id))).toEqual([]);
  for (const id of ids)
    await eventually(async () => expect((await endpoints.notification(`${id}_${endpointId}`)).status).toBe('delivered'), {
      withinMs: 60_000,
    });
  console.log(`${ids.length} notifications, ${receiver.received.length} attempts, ${kills.length} kills`);
  expect(kills.length).toBeGreaterThan(2);
  expect(fleet.notifiers).toHaveLength(1);
});

test('after a Redis that lost everything a rebuild brings endpoints and secrets back, and the next end is told', async () => {
  const { fleet, producer, endpoints } = await setup();
  const receiver = await startReceiver();
  const { endpointId, secret = '' } = await endpoints.create({ url: receiver.url, description: 'the shop' });
  await endpoints.rotateSecret(endpointId);
  const gone = await endpoints.create({ url: receiver.url });
  await endpoints.delete(gone.endpointId);
  const untilRecorded = () => eventually(async () => expect((await endpoints.get(endpointId)).recorded).toBe(true), { withinMs: 30_000 });
  await untilRecorded();
  await producer.generate(request);
  await receiver.until(1, 20_000);
  const secretBefore = await endpoints.secret(endpointId);
  const before = [await endpoints.list(), secretBefore, await endpoints.secret('requests')];

  const redis = new Redis(fleet.redisUrl);
  onTestFinished(() => redis.disconnect());
  await fleet.workers[0]?.kill();
  await redis.flushall();
  expect(await endpoints.list()).toEqual([]);
  const environment = storesEnvironment({ redisUrl: fleet.redisUrl, prefix: fleet.prefix, s3: fleet.s3Config });
  const { code, output } = await runApp('cli', ['rebuild'], { ...environment, DAILY_CAP_USD: '100' });
  expect(code, output).toBe(0);
  await fleet.workers[0]?.start();
  await eventually(async () => expect(await endpoints.list()).toHaveLength(1), { withinMs: 30_000 });
  expect([await endpoints.list(), await endpoints.secret(endpointId), await endpoints.secret('requests')]).toEqual(before);

  const { generationId } = await eventually(() => producer.enqueue(request), { withinMs: 30_000, everyMs: 500 });
  await eventually(() => expect(receiver.received.map((each) => each.generationId)).toContain(generationId), { withinMs: 60_000 });
  const told = receiver.received.find((each) => each.generationId === generationId);
  for (const each of [secret, secretBefore]) verifyWebhook(told!.body, told!.headers, each);
});
