import { expect, test } from 'vitest';
import { startReceiver } from './receiver.ts';
import { setup } from './world.ts';

test('a stop before the start, a second stop and a start after it do nothing', async () => {
  const { notifier } = await (await setup()).startNotifier();
  await notifier.stop();
  await notifier.stop();
  await notifier.start();
});

test('a notifier is ready, and its ports answer', async () => {
  const { ask } = await (await setup()).startNotifier();
  await expect.poll(async () => (await ask('/readyz')).status).toBe(200);
  expect((await ask('/livez')).status).toBe(200);
  expect((await ask('/metrics')).body).toContain('darkroom_notifications_total{state="delivered",process="notifier"} 0');
});

test('an attempt under way at a stop ends, and the next notifier goes on', async () => {
  const world = await setup();
  let isUp = false;
  const receiver = await startReceiver(() => (isUp ? 200 : 'silence'));
  await world.addEndpoint(receiver.url);
  const { notifier } = await world.startNotifier({ timeoutMs: 500 });
  await world.end();
  await receiver.until(1);
  await notifier.stop();
  isUp = true;
  await world.startNotifier();
  const received = await receiver.until(2);
  expect(received[0]!.headers['webhook-id']).toBe(received[1]!.headers['webhook-id']);
});
