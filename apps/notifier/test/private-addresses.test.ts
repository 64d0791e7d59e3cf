import { expect, test } from 'vitest';
import { startReceiver } from './receiver.ts';
import { setup } from './world.ts';

/** Hosts that a URL names: private addresses in their spellings, decimal, octal, hexadecimal, short, in full-width digits, and inside IPv6. */
const spellings = [
  ['127.0.0.1', '127.1', '0x7f.1', '0x7f000001', '2130706433', '0177.0.0.1', '017700000001', '１２７.1', 'localhost', 'app.localhost'],
  ['[::1]', '[0:0:0:0:0:0:0:1]', '[::]', '0.0.0.0', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::ffff:a00:1]', '[64:ff9b::7f00:1]'],
  ['10.0.0.1', '0xa000001', '172.16.0.1', '192.168.1.1', '3232235777', '169.254.169.254', '0xa9fea9fe', '[::ffff:169.254.169.254]'],
  [
    '100.64.0.1',
    '198.18.0.1',
    '192.0.2.1',
    '224.0.0.1',
    '255.255.255.255',
    '[fe80::1]',
    '[fd00::1]',
    '[fec0::1]',
    '[ff02::1]',
    '[2002:7f00:1::]',
  ],
] as const;
/** Addresses to which a public name resolves. One bad address of several refuses the name. */
const resolved = [
  ['127.0.0.1'],
  ['10.0.0.1'],
  ['169.254.169.254'],
  ['100.64.0.1'],
  ['::1'],
  ['::ffff:127.0.0.1'],
  ['fd00::1'],
  ['fe80::1'],
  ['64:ff9b::7f00:1'],
  ['93.184.215.14', '10.0.0.1'],
] as const;

test('a private address is refused at each attempt, however it is spelt or resolved', async () => {
  const world = await setup();
  const receiver = await startReceiver();
  const port = new URL(receiver.url).port;
  const names = resolved.map((_, at) => `name-${at}.example`);
  const groups = [...spellings, names];
  const ids = new Map<string, { tenant: string; host: string }>();
  for (const [at, hosts] of groups.entries())
    for (const host of hosts) {
      const tenant = `tenant-${at}`;
      ids.set(await world.addEndpoint(`https://${host}:${port}/`, { tenant }), { tenant, host });
    }
  await world.startNotifier({ allowLoopback: false, delaysMs: [10] }, async (hostname) => {
    const addresses = resolved[names.indexOf(hostname)] ?? [hostname];
    return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  });
  const ended = new Map<string, string>();
  for (const at of groups.keys()) ended.set(`tenant-${at}`, await world.end({ tenant: `tenant-${at}` }));
  for (const [id, { tenant, host }] of ids) {
    const { log } = await world.untilState(`${ended.get(tenant)}-cancelled_${id}`, 'failed');
    expect(
      log.map(({ fault }) => fault),
      host,
    ).toEqual(['address-refused', 'address-refused']);
  }
  expect(ids.size).toBe(46);
  expect(receiver.received).toHaveLength(0);
});

test('a redirect to this machine is a failure, and is not followed', async () => {
  const world = await setup();
  const inside = await startReceiver();
  const redirects = await startReceiver((n) => ({ status: [301, 302, 303, 307, 308][n - 1] ?? 308, headers: { location: inside.url } }));
  const endpointId = await world.addEndpoint(redirects.url);
  await world.startNotifier({ delaysMs: [10, 10, 10, 10] });
  const generationId = await world.end();
  const { log } = await world.untilState(`${generationId}-cancelled_${endpointId}`, 'failed');
  expect(log.map(({ status, fault }) => [status, fault])).toEqual([301, 302, 303, 307, 308].map((status) => [status, 'redirect']));
  expect(inside.received).toHaveLength(0);
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
