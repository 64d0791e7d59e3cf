import { expect, test } from 'vitest';
import { isLoopbackHost, scopeOfAddress } from './network-address.ts';

const scopes = {
  public: [
    '1.1.1.1',
    '8.8.8.8',
    '100.63.255.255',
    '172.15.255.255',
    '172.32.0.1',
    '223.255.255.255',
    '2606:4700:4700::1111',
    '2a00:1450:4001:80b::200e',
    '::ffff:8.8.8.8',
    '::ffff:808:808',
    '64:ff9b::8.8.8.8',
  ],
  loopback: ['127.0.0.1', '127.255.255.254', '::1', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1', '::ffff:7f00:1', '64:ff9b::7f00:1', '::1%lo'],
  private: [
    '0.0.0.0',
    '0.1.2.3',
    '10.0.0.1',
    '10.255.255.255',
    '100.64.0.1',
    '169.254.169.254',
    '169.254.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.1',
    '192.0.2.1',
    '192.168.0.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '239.255.255.255',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::10.0.0.1',
    '::ffff:10.0.0.1',
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    '64:ff9b::10.0.0.1',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b:1::a00:1',
    '2001::1',
    '2001:db8::1',
    '2002:a00:1::1',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'fe80::1%eth0',
    '2606:4700::1%eth0',
    '2606:4700::%-1111',
    'fec0::1',
    'ff02::1',
  ],
} as const;

test.for(Object.entries(scopes).flatMap(([scope, addresses]) => addresses.map((address) => [address, scope] as const)))(
  '%s is %s',
  ([address, scope]) => expect(scopeOfAddress(address)).toBe(scope),
);

test.for(['', 'localhost', 'a.example', '127.1', '0x7f000001', '2130706433', '0177.0.0.1', '127.0.0.1.', '[::1]', '1.2.3.4:80', '::1]'])(
  '"%s" is no address',
  (text) => expect(scopeOfAddress(text)).toBeUndefined(),
);

test.for(['localhost', '127.0.0.1', '127.255.255.254', '::1', '[::1]', '::ffff:127.0.0.1'])('the host %s is this machine', (host) =>
  expect(isLoopbackHost(host)).toBe(true),
);

test.for(['', '127.1', '127.0.0.1.example.com', 'localhost.example.com', '10.0.0.1', '[::2]', '0.0.0.0', '::'])(
  'the host "%s" is not this machine',
  (host) => expect(isLoopbackHost(host)).toBe(false),
);
