import { expect, test } from 'vitest';
import { startReceiver } from './receiver.ts';
import { setup } from './world.ts';

test('a name that leads to this machine or into a private network is refused at each attempt, however it is spelt or resolved', async () => {
  const world = await setup();
  const receiver = await startReceiver();
  const port = new URL(receiver.url).port;
  const addresses = ['127.0.0.1', '10.0.0.1', '169.254.169.254', '::1', '::ffff:127.0.0.1', 'fd00::1', '64:ff9b::7f00:1'];
  const hosts = ['127.1', '0x7f.1', '2130706433', '[::1]', '[::ffff:127.0.0.1]', 'localhost', 'app.localhost', '１２７.1'];
  const names = addresses.map((_, at) => `name-${at}.example`);
  const ids = [];
  for (const host of [...hosts, ...names]) ids.push(await world.addEndpoint(`https://${host}:${port}/`));
  await world.startNotifier({ allowLoopback: false, delaysMs: [10] }, async (hostname) => {
    const address = addresses[names.indexOf(hostname)] ?? hostname;
    return [{ address, family: address.includes(':') ? 6 : 4 }];
  });
  const generationId = await world.end();
  for (const id of ids) {
    const { log } = await world.untilState(`${generationId}-cancelled_${id}`, 'failed');
    expect(log.map(({ fault }) => fault)).toEqual(['address-refused', 'address-refused']);
  }
  expect(receiver.received).toHaveLength(0);
});

test('a connection leads to the address that was checked, whatever the name means a moment later', async () => {
  const world = await setup();
  const [checked, other] = [await startReceiver(), await startReceiver()];
  await world.addEndpoint(`http://rebinding.localhost:${new URL(checked.url).port}/`);
  let looks = 0;
  await world.startNotifier({}, async () => {
    looks += 1;
    return [{ address: looks === 1 ? '127.0.0.1' : '10.0.0.1', family: 4 }];
  });
  await world.end();
  await checked.until(1);
  expect(looks).toBe(1);
  expect(other.received).toHaveLength(0);
});
