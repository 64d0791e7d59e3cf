import type { RedisReason } from './redis-trouble.ts';

/** An operator's action for each reason; one line each, for logs and the command line. */
const cures: Readonly<Record<RedisReason, string>> = {
  'unknown-host': 'the name cannot be resolved: correct REDIS_URL, or the name service',
  refused: 'nothing listens there: start Redis, or correct REDIS_URL',
  unreachable: 'no way leads there: look at the network and its policies',
  tls: 'TLS was not agreed on: "rediss://" is for a TLS port, "redis://" for a plain one; "?ca=<file>" in REDIS_URL names a CA of your own, and "servername=<name>" the name in its certificate',
  unauthenticated: 'Redis refuses the login: correct user and password in REDIS_URL',
  'no-permission': 'the Redis user lacks a right: infra/redis names those of each process',
  'wrong-database': 'Redis has no such database: correct the number in REDIS_URL',
  'newer-format': 'a later version of Darkroom uses this store: upgrade this process first',
  'read-only': 'a replica answers: REDIS_URL must lead to the primary',
  full: 'Redis is full (maxmemory): give it memory; nothing is lost, and what waits goes on by itself',
  disk: 'Redis cannot write to its disk: free space, and look at its log',
  'no-replicas': 'Redis misses the replicas that it must write to: look at its replication',
  loading: 'Redis is still loading its data: wait',
  busy: 'a script blocks Redis: look at SLOWLOG',
  cluster:
    'a Redis Cluster answers, and not for the keys of this Darkroom: REDIS_URL must begin with "redis-cluster://" and name some of its nodes; if it does, look at the cluster (CLUSTER INFO)',
  sentinel:
    'a sentinel answers, which holds no data, or knows no such primary: REDIS_URL must be "redis-sentinel://host,host,host/<the name in SENTINEL MASTERS>"',
  'too-many-clients': 'Redis takes no more connections: raise maxclients',
  'not-redis': 'something else than Redis answers: correct REDIS_URL',
  timeout: 'no answer came in time: look at Redis, at firewalls, and whether the port speaks TLS ("rediss://")',
  silent: 'the line is open and no answer comes: Redis is frozen, or packets are dropped',
  closed:
    'the line was closed without a word: Redis ended, the port speaks TLS ("rediss://"), or a Redis behind TLS takes no more connections (maxclients)',
  unknown: 'look at the words',
};

/** Returns an operator's action. */
export const redisCureOf = (reason: RedisReason): string => cures[reason];
