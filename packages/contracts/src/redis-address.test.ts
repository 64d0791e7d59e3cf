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
  [
    'rediss://h?ca=/etc/a%20b.pem&servername=redis.example',
    { ...plain, host: 'h', isTls: true, caFile: '/etc/a b.pem', servername: 'redis.example' },
  ],
  [
    'redis-sentinel://worker:a,b%2F@s1,s2:7000,[::1]/my.master/2?sentinel-user=watch&sentinel-password=p%26',
    {
      ...plain,
      host: 's1',
      port: 26_379,
      db: 2,
      username: 'worker',
      password: 'a,b/',
      guides: {
        kind: 'sentinel',
        name: 'my.master',
        username: 'watch',
        password: 'p&',
        hosts: [
          { host: 's1', port: 26_379 },
          { host: 's2', port: 7000 },
          { host: '::1', port: 26_379 },
        ],
      },
    },
  ],
  [
    'RedisS-Cluster://:p@n1:7001,n2/?ca=/ca.pem',
    {
      host: 'n1',
      port: 7001,
      db: 0,
      isTls: true,
      password: 'p',
      caFile: '/ca.pem',
      guides: {
        kind: 'cluster',
        hosts: [
          { host: 'n1', port: 7001 },
          { host: 'n2', port: 6379 },
        ],
      },
    },
  ],
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
  ['redis://h?ca=hunter2', 'must start with rediss'],
  ['rediss://h?ca=', 'one ca='],
  ['rediss://h?ca=a&ca=hunter2', 'one ca='],
  ['rediss://h?ca=%zz', 'one ca='],
  ['rediss://h?servername=hunter2/', 'host name as servername='],
  ['redis://h?sentinel-password=hunter2', 'redis-sentinel://'],
  ['redis-sentinel://h', 'name that the sentinels have'],
  ['redis-sentinel://h/a/b', 'name that the sentinels have'],
  ['redis-sentinel://h,h/a', 'each host once'],
  ['redis-sentinel://h,/a', 'a host'],
  ['redis-sentinel://h/a?sentinel-user=hunter2', 'sentinel-password='],
  ['redis-cluster://h,hunter2/1', 'database 0 alone'],
  ['redis-cluster://h?sentinel-password=hunter2', 'redis-sentinel://'],
  ['redis-clusters://h', 'starts with redis://'],
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
