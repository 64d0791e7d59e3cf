import { Redis } from 'ioredis';
import { expect, inject, test } from 'vitest';
import { describeRedisServer, examineRedis, findShortcomings, parseInfo } from './examine-redis.ts';

const sound =
  'redis_version:7.0.15\r\nrun_id:0a1b\r\nmaster_replid:2c3d\r\nmaxmemory_policy:noeviction\r\naof_enabled:1\r\nmaxmemory:0\r\nused_memory:5000000\r\n';
const kindsOf = (change: string): string[] =>
  findShortcomings(parseInfo(`# Server\r\n${sound}${change}`)).map(({ kind, isUnfit }) => `${kind}${isUnfit ? ' (unfit)' : ''}`);

test('a server as it should be has no shortcoming', () => {
  expect(kindsOf('')).toEqual([]);
});

test.for([
  ['maxmemory_policy:volatile-lru', 'eviction (unfit)'],
  ['maxmemory_policy:allkeys-random', 'eviction (unfit)'],
  ['redis_version:6.0.16', 'too-old (unfit)'],
  ['redis_version:5.0.14', 'too-old (unfit)'],
  ['run_id:\r\nmaster_replid:', 'nameless (unfit)'],
  ['redis_mode:cluster', 'one-node'],
  ['aof_enabled:0', 'no-log'],
  ['maxmemory:5500000', 'nearly-full'],
])('%s is told', ([change = '', told = '']) => {
  expect(kindsOf(change)).toEqual([told]);
});

test('a node of a cluster is none where the address is that of a cluster', () => {
  expect(findShortcomings(parseInfo(`${sound}redis_mode:cluster`), true)).toEqual([]);
});

test('a primary that sentinels watch asks for a replica before it writes', () => {
  const told = (change: string) =>
    findShortcomings(parseInfo(`${sound}redis_mode:standalone\r\nrole:master\r\n${change}`), true).map(({ kind }) => kind);
  expect(told('connected_slaves:2')).toEqual(['unguarded']);
  expect(told('connected_slaves:2\r\nmin_slaves_good_slaves:2')).toEqual([]);
  expect(told('connected_slaves:0')).toEqual([]);
});

test.for(['run_id:', 'master_replid:', 'redis_version:6.2.0', 'redis_version:10.0.1', 'maxmemory:10000000'])(
  '%s is no shortcoming',
  (change) => {
    expect(kindsOf(change)).toEqual([]);
  },
);

test('a real server is read, and each shortcoming names its cure', async () => {
  const redis = new Redis(inject('redisUrl'));
  try {
    expect(await describeRedisServer(redis)).toMatch(
      /^(redis|valkey) \d+\.\d+.*, one address, 0 replicas, .*, maxmemory-policy noeviction, no TLS$/,
    );
    for (const { text } of await examineRedis(redis)) expect(text).toMatch(/set|use|give/);
    expect((await examineRedis(redis)).filter(({ isUnfit }) => isUnfit)).toEqual([]);
  } finally {
    redis.disconnect();
  }
});
