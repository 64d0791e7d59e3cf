import { createGenerationId } from '@darkroom/contracts';
import { eventLogKey } from '@darkroom/generation-store';
import { createNotifications } from '@darkroom/queues';
import { createMetrics, silentLogger } from '@darkroom/service-runtime';
import { expect, onTestFinished, test } from 'vitest';
import { createNotifierMetrics } from '../src/notifier-metrics.ts';
import { deliver, type DeliverParts } from '../src/send/deliver.ts';
import { createGates } from '../src/send/gates.ts';
import { startReceiver } from './receiver.ts';
import { KEY, setup } from './world.ts';

test('an endpoint and an event that cannot be read stop no notification of others, and are named in log and metric', async () => {
  const world = await setup();
  const good = await startReceiver();
  const goodId = await world.addEndpoint(good.url);
  const [damaged, later] = [await world.addEndpoint(good.url), await world.addEndpoint(good.url)];
  const keyOf = (id: string): string => `${world.prefix}:webhook-endpoint:${id}`;
  const { ask, lines } = await world.startNotifier();
  const before = await world.end();
  for (const id of [goodId, damaged, later]) await world.untilState(`${before}-cancelled_${id}`, 'delivered');
  await world.redis.del(keyOf(damaged));
  await world.redis.set(keyOf(damaged), 'of another type');
  const text = JSON.stringify({ ...JSON.parse((await world.redis.hget(keyOf(later), 'inForce')) ?? ''), types: ['generation.painted'] });
  await world.redis.hset(keyOf(later), { inForce: text, value: text });
  await world.redis.xadd(eventLogKey(world.prefix), '*', 'event', 'generation.succeeded', 'at', 'yesterday');
  const ids = [await world.end(), await world.end()];
  for (const id of ids) await world.untilState(`${id}-cancelled_${goodId}`, 'delivered');
  const named = lines.filter((line) => line.includes('notifications.unreadable'));
  for (const id of [damaged, later]) expect(named.filter((line) => line.includes(id))).toHaveLength(1);
  expect((await ask('/metrics')).body).toContain('darkroom_webhook_endpoints_unreadable{process="notifier"} 2');
  const aside = await world.redis.xrange(`${world.prefix}:events-dead`, '-', '+');
  expect(
    aside.map(([, fields]) => fields.slice(-4)),
    'the event is put aside as it is',
  ).toEqual([['event', 'generation.succeeded', 'at', 'yesterday']]);
});

test('a notification waits a day for an endpoint that cannot be read, and then fails', async () => {
  const world = await setup();
  const endpointId = await world.addEndpoint('https://app.example/hook');
  await world.redis.hset(`${world.prefix}:webhook-endpoint:${endpointId}`, 'inForce', '{');
  const metrics = createMetrics({ process: 'notifier' });
  const told: string[] = [];
  const now = (): number => performance.now();
  const notifications = createNotifications(world.redis, { prefix: world.prefix });
  onTestFinished(() => notifications.close());
  const parts: DeliverParts = {
    store: world.notifications,
    keys: [KEY],
    gates: createGates(10, now),
    rules: { resolve: () => Promise.reject(new Error('nothing is sent')), allowLoopback: false, timeoutMs: 100 },
    delaysMs: [],
    disableAfterMs: 1000,
    random: Math.random,
    hurry: new AbortController().signal,
    logger: silentLogger,
    metrics: createNotifierMetrics(metrics, world.notifications, notifications, now),
    tellUnreadable: (id) => void told.push(id),
  };
  const eventAt = await world.notifications.readTime();
  const id = `${createGenerationId(eventAt)}-failed_${endpointId}`;
  // looked for soon at first, then after as long as it was looked for
  for (const [agoMs, least, most] of [
    [0, 500, 500],
    [4000, 4000, 30_000],
    [60_000, 30_000, 30_000],
  ] as const) {
    const outcome = await deliver(parts, { id, tenant: 'acme', at: eventAt - agoMs, attempt: 0 });
    expect(outcome).toMatchObject({ kind: 'again', attempt: 0 });
    expect(outcome.kind === 'again' && outcome.delayMs >= least && outcome.delayMs <= most, JSON.stringify(outcome)).toBe(true);
  }
  expect(await deliver(parts, { id, tenant: 'acme', at: eventAt - 86_400_000, attempt: 0 })).toEqual({ kind: 'ended' });
  expect(told).toEqual(Array.from({ length: 4 }, () => endpointId));
  expect(await world.notifications.findNotification(id)).toMatchObject({ state: 'failed', log: [{ fault: 'endpoint-unreadable' }] });
});
