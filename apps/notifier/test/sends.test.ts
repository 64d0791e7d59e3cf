import { deriveWebhookSecret, REQUESTS_ENDPOINT } from '@darkroom/contracts';
import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { startReceiver, type Received } from './receiver.ts';
import { KEY, PROMPT, setup } from './world.ts';

const verified = ({ body, headers }: Received, endpointId: string, version = 1, tenant = 'acme') =>
  new Webhook(deriveWebhookSecret(KEY, { tenant, endpointId, version })).verify(body, headers as Record<string, string>) as {
    data: Record<string, unknown>;
  };

test('an endpoint gets the end of each generation of its tenant, signed, and without prompt', async () => {
  const world = await setup();
  const receiver = await startReceiver();
  const endpointId = await world.addEndpoint(receiver.url);
  const { lines } = await world.startNotifier();
  const generationId = await world.end();
  await world.end({ tenant: 'another' });
  const [received] = await receiver.until(1);
  const eventId = `${generationId}-cancelled`;
  expect(received).toMatchObject({ type: 'generation.cancelled', headers: { 'webhook-id': eventId, 'content-type': 'application/json' } });
  expect(verified(received!, endpointId)).toMatchObject({
    type: 'generation.cancelled',
    data: {
      eventId,
      generationId,
      revision: expect.any(Number),
      status: 'cancelled',
      tenant: 'acme',
      tags: ['blue'],
      costUsd: '0',
      images: [{ index: 0, status: 'failed' }],
    },
  });
  const log = await world.untilState(`${eventId}_${endpointId}`, 'delivered');
  expect(log).toMatchObject({ attempts: 1, log: [{ status: 204 }] });
  for (const secret of [PROMPT, 'secret-of-the-receiver', KEY.secret]) expect(lines.join('') + received!.body).not.toContain(secret);
  const jobs = `${world.prefix.replaceAll(/[{}]/g, String.raw`\$&`)}:notifications:*${eventId}*`;
  await expect.poll(() => world.redis.keys(jobs)).toEqual([]);
  expect(receiver.received).toHaveLength(1);
});

test('an endpoint gets the kinds that it named, and several get each their own', async () => {
  const world = await setup();
  const [ends, others] = [await startReceiver(), await startReceiver()];
  await world.addEndpoint(ends.url);
  await world.addEndpoint(others.url, { types: ['generation.amended'] });
  const twin = await startReceiver();
  await world.addEndpoint(twin.url);
  await world.startNotifier();
  await world.end();
  await Promise.all([ends.until(1), twin.until(1)]);
  expect(others.received).toHaveLength(0);
});

test('a damaged endpoint keeps no notification from another, and gets its own once it is mended', async () => {
  const world = await setup();
  const [one, other] = [await startReceiver(), await startReceiver()];
  const damaged = await world.addEndpoint(one.url);
  await world.addEndpoint(other.url);
  const key = `${world.prefix}:webhook-endpoint:${damaged}`;
  const sound = await world.redis.hgetall(key);
  await world.redis.del(key);
  await world.redis.set(key, 'of another type');
  const { lines } = await world.startNotifier();
  // the receiver of a request that cannot be read counts as none
  const generationId = await world.end();
  await other.until(1);
  const job = `${world.prefix}:notifications:${generationId}-cancelled_${damaged}`;
  await expect.poll(() => world.redis.exists(job)).toBe(1);
  expect(one.received).toEqual([]);
  await world.redis.del(key);
  await world.redis.hset(key, sound);
  await world.notifications.requestResend({
    tenant: 'acme',
    endpointId: damaged,
    id: `${generationId}-cancelled_${damaged}`,
    until: Date.now(),
  });
  await one.until(1);
  const errors = lines.map((line) => JSON.parse(line) as { level: string; event?: string }).filter(({ level }) => level === 'error');
  expect(errors).toMatchObject([{ event: 'notifications.unreadable', id: damaged }]);
});

test('the receiver that a request names is told, and its address is in no job, log or view', async () => {
  const world = await setup();
  const receiver = await startReceiver();
  const { lines } = await world.startNotifier();
  const webhook = { url: receiver.url, types: ['generation.cancelled'] as const };
  const generationId = await world.end({ webhook });
  const [received] = await receiver.until(1);
  expect(verified(received!, REQUESTS_ENDPOINT)).toMatchObject({ data: { generationId } });
  await world.untilState(`${generationId}-cancelled_requests`, 'delivered');
  expect(lines.join('')).not.toContain('secret-of-the-receiver');
  expect(JSON.stringify(await world.store.find(generationId))).not.toContain('hook');
});

test('a failed attempt is made again under the same id, and the log holds statuses and no answers', async () => {
  const world = await setup();
  const answers = [500, 'hang-up', { status: 302, headers: { location: 'http://127.0.0.1:1/' } }, 200] as const;
  const receiver = await startReceiver((n) => answers[n - 1] ?? 200);
  const endpointId = await world.addEndpoint(receiver.url);
  await world.startNotifier();
  const generationId = await world.end();
  const received = await receiver.until(4);
  expect(new Set(received.map(({ headers }) => headers['webhook-id']))).toEqual(new Set([`${generationId}-cancelled`]));
  const { log } = await world.untilState(`${generationId}-cancelled_${endpointId}`, 'delivered');
  expect(log.map(({ status, fault }) => [status, fault])).toEqual([
    [500, 'http-500'],
    [0, 'connection-reset'],
    [302, 'redirect'],
    [200, undefined],
  ]);
  expect(JSON.stringify(log)).not.toContain('answer');
});

test('after the last attempt a notification has failed; it is sent again when asked, with the same id, and so are all since a time', async () => {
  const world = await setup();
  let isUp = false;
  const receiver = await startReceiver(() => (isUp ? 200 : 500));
  const endpointId = await world.addEndpoint(receiver.url);
  await world.startNotifier({ delaysMs: [10, 10] });
  const generationIds = [await world.end(), await world.end(), await world.end()];
  const ids = generationIds.map((id) => `${id}-cancelled_${endpointId}`);
  for (const id of ids) expect((await world.untilState(id, 'failed')).attempts).toBe(3);
  const of = { tenant: 'acme', endpointId };
  expect(await world.notifications.countFailed({ ...of, since: 0 })).toBe(3);
  isUp = true;
  const now = await world.notifications.readTime();
  await world.notifications.requestResend({ ...of, id: ids[1]!, until: now });
  await world.untilState(ids[1]!, 'delivered');
  await world.notifications.requestResend({ ...of, since: 0, until: now });
  for (const id of ids) await world.untilState(id, 'delivered');
  expect(receiver.received).toHaveLength(12);
  expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(3);
  expect(await world.notifications.countFailed({ ...of, since: 0 })).toBe(0);
});

test('both secrets of a rotation sign until the old one has ended', async () => {
  const world = await setup();
  const receiver = await startReceiver();
  const endpointId = await world.addEndpoint(receiver.url);
  await world.changeEndpoint(endpointId, { secretVersion: 2, oldSecretUntil: Date.now() + 86_400_000 });
  await world.startNotifier();
  await world.end();
  const [first] = await receiver.until(1);
  expect(verified(first!, endpointId, 1)).toEqual(verified(first!, endpointId, 2));
  await world.changeEndpoint(endpointId, { oldSecretUntil: Date.now() - 1 });
  await world.end();
  const [, second] = await receiver.until(2);
  expect(() => verified(second!, endpointId, 1)).toThrow('No matching signature');
  verified(second!, endpointId, 2);
});

test('an erased generation is told of no more', async () => {
  const world = await setup();
  const receiver = await startReceiver(() => 500);
  const endpointId = await world.addEndpoint(receiver.url);
  await world.startNotifier({ delaysMs: [200, 200, 200] });
  const generationId = await world.end();
  await receiver.until(1);
  await world.redis.del(`${world.prefix}:generation:${generationId}`);
  const { log } = await world.untilState(`${generationId}-cancelled_${endpointId}`, 'dropped');
  expect(log.at(-1)).toMatchObject({ status: 0, fault: 'generation-gone' });
});
