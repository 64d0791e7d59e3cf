import { expect, test } from 'vitest';
import { readRedisAddress } from './redis-address.ts';

const plain = { port: 6379, db: 0, isTls: false };

test.each([
  ['redis://h', { ...plain, host: 'h' }],
  ['  redis://h/\n', { ...plain, host: 'h' }],
  ['REDIS://Redis.example.:7000/15', { ...plain, host: 'Redis.example.', port: 7000, db: 15 }],
  ['rediss://worker:p%2541%2F%3F%23@h', { ...plain, host: 'h', isTls: true, username: 'worker', password: 'p%41/?#' }],
  ['redis://:a:b@c@127.0.0.1', { ...plain, host: '127.0.0.1', password: 'a:b@c' }],
  ['redis://[::1]:6380/2', { ...plain, host: '::1', port: 6380, db: 2 }],
])('%j is an address', (text, expected) => {
  expect(readRedisAddress(text)).toEqual(expected);
});

test.each([
  ['redis://h?keyPrefix=hunter2', 'no query'],
  ['redis://h/?', 'no query'],
  ['redis://h/0?enableOfflineQueue=false&db=2', 'no query'],
  ['redis://h/0#hunter2', 'no query'],
  ['redis://h/3x', 'number of a database'],
  ['redis://h/1/2', 'number of a database'],
  ['redis://h/../1', 'number of a database'],
  ['redis://h//1', 'number of a database'],
  ['redis://h/%31', 'number of a database'],
  ['redis://h/hunter2', 'number of a database'],
  ['redis://h/-1', 'number of a database'],
  ['redis://h/1.5', 'number of a database'],
  ['redis://h/100000', 'number of a database'],
  ['redis://h /1', 'no blank'],
  ['redis://h/\n1', 'no blank'],
  ['redis://h\\hunter2', 'backslash'],
  ['redis://', 'a host'],
  ['redis:///1', 'a host'],
  ['redis://:6379', 'a host'],
  ['redis://hunter2,h', 'a host'],
  ['redis://%68', 'a host'],
  ['redis://[h]', 'a host'],
  ['redis://h:0', 'port'],
  ['redis://h:65536', 'port'],
  ['redis://h:hunter2', 'port'],
  ['redis://:hunter2%zz@h', '%25'],
  ['redis://:hunter2%ff@h', '%25'],
  ['redis://hunter2@h', 'password with its user'],
  ['http://hunter2@h', 'starts with redis://'],
  ['redis:hunter2', 'starts with redis://'],
  ['hunter2:6379', 'starts with redis://'],
  [`redis://${'a'.repeat(1_000_000)}`, 'at most 4096'],
  [' '.repeat(1_000_000), 'at most 4096'],
  [`redis://${'a'.repeat(254)}`, 'a host'],
  [undefined, 'starts with redis://'],
])('%.40j is no address', (text, reason) => {
  const read = readRedisAddress(text);
  expect(read).toEqual({ problem: expect.stringContaining(reason) });
  expect(JSON.stringify(read)).not.toContain('hunter2');
});
