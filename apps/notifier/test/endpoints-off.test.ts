import { expect, test } from 'vitest';
import { disableEndpoint } from '../src/disable-endpoint.ts';
import { defaultDelaysMs } from '../src/send/schedule.ts';
import { startReceiver } from './receiver.ts';
import { setup } from './world.ts';

test('an endpoint that answers 410 is switched off at once, and gets nothing until it is enabled', async () => {
  const world = await setup();
  const receiver = await startReceiver((n) => (n === 1 ? 410 : 200));
  const endpointId = await world.addEndpoint(receiver.url);
  const { ask, lines } = await world.startNotifier();
  const first = await world.end();
  await world.untilState(`${first}-cancelled_${endpointId}`, 'failed');
  await expect.poll(() => world.notifications.findEndpoint(endpointId)).toMatchObject({ status: 'disabled', disabledFor: 'gone' });
  // the notifier counts and logs it after it is written
  await expect.poll(() => lines.join('')).toContain('webhook-endpoint.disabled');
  expect(await world.store.readUnrecordedEndpoints(), 'a worker records it').toHaveLength(1);
  await world.record();
  expect((await ask('/metrics')).body).toContain('darkroom_webhook_endpoints_disabled{reason="gone",process="notifier"} 1');
  await world.end();
  await world.changeEndpoint(endpointId, { status: 'enabled' });
  await world.end();
  await receiver.until(2);
  expect(receiver.received).toHaveLength(2);
});

test('an endpoint that has failed for days is switched off; one good answer begins anew', async () => {
  const world = await setup();
  let status = 500;
  const receiver = await startReceiver(() => status);
  const endpointId = await world.addEndpoint(receiver.url);
  await world.startNotifier({ delaysMs: Array.from({ length: 20 }, () => 100), disableAfterMs: 1000 });
  await world.end();
  await receiver.until(2);
  status = 200;
  await receiver.until(3);
  status = 500;
  const again = await world.end();
  await world.untilState(`${again}-cancelled_${endpointId}`, 'failed');
  expect(await world.notifications.findEndpoint(endpointId)).toMatchObject({ status: 'disabled', disabledFor: 'failing' });
  expect((await world.notifications.findNotification(`${again}-cancelled_${endpointId}`))?.log.at(-1)).toMatchObject({
    fault: 'endpoint-disabled',
  });
});

test.each([
  ['in seconds', () => '1'],
  // of whole seconds, counted from the time that the answer names
  ['until a time', () => new Date(Date.now() + 2000).toUTCString()],
])('an endpoint that asks for rest %s gets it', async (_form, retryAfter) => {
  const world = await setup();
  const at: number[] = [];
  const receiver = await startReceiver((n) => {
    at.push(performance.now());
    return n === 1 ? { status: 429, headers: { 'retry-after': retryAfter() } } : 200;
  });
  await world.addEndpoint(receiver.url);
  await world.startNotifier();
  await world.end();
  await receiver.until(1);
  await world.end();
  await receiver.until(3);
  expect(at[1]! - at[0]!).toBeGreaterThan(900);
});

test('ten dead endpoints beside a good one cost it no attempt and none of their time limits', async () => {
  const world = await setup();
  const good = await startReceiver();
  const dead = await Promise.all(Array.from({ length: 10 }, (_, n) => startReceiver(() => (n < 5 ? 'silence' : 'hang-up'))));
  await world.startNotifier({ concurrency: 50, timeoutMs: 15_000, delaysMs: [30_000] });
  const send = async (count: number): Promise<number> => {
    const beganAt = performance.now();
    const before = good.received.length;
    for (let n = 0; n < count; n += 1) await world.end();
    await good.until(before + count, 30_000);
    return performance.now() - beganAt;
  };
  await world.addEndpoint(good.url);
  await send(10);
  await send(25);
  for (const { url } of dead) await world.addEndpoint(url);
  const besideMs = await send(25);
  // Attempts at the silent ones alone would hold all places for 37 s: five endpoints, 25 attempts of 15 s each, 50 places.
  expect(besideMs).toBeLessThan(30_000);
  expect(new Set(good.received.map(({ headers }) => headers['webhook-id'])).size).toBe(good.received.length);
}, 60_000);

test('an endpoint that is down for a day gets everything once it is back, each once, and stays enabled', async () => {
  /** A day lasts 2.2 seconds. */
  const scale = 1 / 40_000;
  const dayMs = 86_400_000 * scale;
  const world = await setup();
  let upAt = Infinity;
  const receiver = await startReceiver(() => (performance.now() < upAt ? 503 : 204));
  const endpointId = await world.addEndpoint(receiver.url);
  await world.startNotifier({ delaysMs: defaultDelaysMs.map((ms) => Math.ceil(ms * scale)), disableAfterMs: 5 * dayMs });
  const ids: string[] = [];
  upAt = performance.now() + dayMs;
  for (let n = 0; n < 20; n += 1) ids.push(`${await world.end()}-cancelled`);
  for (const id of ids) await world.untilState(`${id}_${endpointId}`, 'delivered');
  const takenAfter = receiver.received.filter(({ at }) => at >= upAt).map(({ headers }) => headers['webhook-id']);
  expect(takenAfter.toSorted()).toEqual(ids.toSorted());
  expect(receiver.received.length).toBeGreaterThan(ids.length);
  expect(await world.notifications.findEndpoint(endpointId)).toMatchObject({ status: 'enabled' });
});

test('an endpoint that switches to another protocol has failed, and holds no place', async () => {
  const world = await setup();
  const receiver = await startReceiver((n) => (n === 1 ? 'other-protocol' : 204));
  const endpointId = await world.addEndpoint(receiver.url);
  await world.startNotifier();
  const id = `${await world.end()}-cancelled_${endpointId}`;
  expect((await world.untilState(id, 'delivered')).log.map(({ fault }) => fault)).toEqual(['not-http', undefined]);
});

test('a failure of the address before leaves the endpoint on', async () => {
  const world = await setup();
  const endpointId = await world.addEndpoint('https://old.example/');
  await world.changeEndpoint(endpointId, { url: 'https://new.example/' });
  expect(await disableEndpoint(world.notifications, { id: endpointId, url: 'https://old.example/' }, 'gone', Date.now())).toBe(false);
  expect(await world.notifications.findEndpoint(endpointId)).toMatchObject({ status: 'enabled', url: 'https://new.example/' });
  expect(await disableEndpoint(world.notifications, { id: endpointId, url: 'https://new.example/' }, 'gone', Date.now())).toBe(true);
});
