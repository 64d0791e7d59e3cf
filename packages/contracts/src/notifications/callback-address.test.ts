import { expect, test } from 'vitest';
import { resolveHost } from '../resolve-host.ts';
import { findCallbackProblem } from './callback-address.ts';

test.for([
  'https://example.com/hooks?token=a',
  'https://example.com:8443/',
  'https://1.1.1.1/hook',
  'https://[2606:4700:4700::1111]/hook',
  'https://bücher.example/ä',
])('takes %s', (address) => {
  expect(findCallbackProblem(address)).toBeUndefined();
});

/** Spellings of addresses that lead to this machine or into a private network. */
const spellings = [
  '127.0.0.1',
  '127.1',
  '127.0.1',
  '0177.0.0.1',
  '0x7f.0.0.1',
  '0x7f.1',
  '0x7f000001',
  '2130706433',
  '017700000001',
  '127.0.0.1.',
  '１２７.０.０.１',
  '127。0。0。1',
  '①②⑦.⓪.⓪.①',
  '%31%32%37.0.0.1',
  '%6c%6f%63%61%6c%68%6f%73%74',
  'LOCALHOST',
  'localhost.',
  'app.localhost',
  'ｌｏｃａｌｈｏｓｔ',
  '0',
  '0.0.0.0',
  '10.1',
  '0xa9fea9fe',
  '169.254.43518',
  '192.168.257',
  '100.64.0.1',
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
  '[::]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[::127.0.0.1]',
  '[64:ff9b::7f00:1]',
  '[64:ff9b::169.254.169.254]',
  '[2002:7f00:1::]',
  '[fd00:ec2::254]',
  '[fe80::1]',
  'metadata',
];

test.for(spellings)('refuses https://%s', (host) => {
  expect(findCallbackProblem(`https://${host}/hook`)).toMatch(/^leads to (this machine|a private network)$/);
});

test.for(spellings)('a name that resolves to what https://%s means is refused when it is resolved', async (host) => {
  const { hostname } = new URL(`https://${host}/hook`);
  const address = hostname.replace(/^\[(.*)\]$/, '$1');
  if (/[a-z]{2}.*(host|data)/.test(address)) return;
  const rules = { allowLoopback: false, resolve: async () => [{ address, family: address.includes(':') ? 6 : 4 }] };
  await expect(resolveHost('harmless.example', rules, new AbortController().signal)).rejects.toMatchObject({ code: 'ADDRESS_NOT_PUBLIC' });
});

test('one private address of several refuses a name', async () => {
  const addresses = [
    { address: '1.1.1.1', family: 4 },
    { address: '10.0.0.1', family: 4 },
  ];
  const rules = { allowLoopback: false, resolve: async () => addresses };
  await expect(resolveHost('both.example', rules, new AbortController().signal)).rejects.toMatchObject({ code: 'ADDRESS_NOT_PUBLIC' });
});

test.for([
  ['http://example.com/', 'does not begin with https://'],
  ['ftp://example.com/', 'does not begin with https://'],
  ['file:///etc/passwd', 'does not begin with https://'],
  ['https://user:secret@example.com/', 'has a user or a password in it'],
  ['https://@example.com/', 'has a user or a password in it'],
  ['https://example.com/#part', 'has a fragment ("#") in it'],
  ['https://example.com\\@127.0.0.1/', 'has a blank, line break or backslash in it'],
  [' https://example.com/', 'has a blank, line break or backslash in it'],
  ['https://exa\tmple.com/', 'has a blank, line break or backslash in it'],
  ['example.com/hook', 'is no URL'],
  [`https://example.com/${'a'.repeat(2048)}`, 'has more than 2048 characters'],
  [7, 'is no text'],
] as const)('refuses %s', ([address, problem]) => {
  expect(findCallbackProblem(address)).toBe(problem);
});

test('with the switch for development, this machine is allowed over http, and a private network is not', () => {
  for (const host of ['127.0.0.1:3000', 'localhost:3000', '[::1]:3000'])
    expect(findCallbackProblem(`http://${host}/hook`, { allowLoopback: true })).toBeUndefined();
  expect(findCallbackProblem('http://10.0.0.1/hook', { allowLoopback: true })).toBe('leads to a private network');
  expect(findCallbackProblem('http://example.com/hook', { allowLoopback: true })).toBe('does not begin with https://');
});
