/** The processes that have a Redis user of their own; `producer` is the library, in whatever backend uses it. */
export const redisProcesses = ['producer', 'dashboard', 'receiver', 'worker', 'operator'] as const;
export type RedisProcess = (typeof redisProcesses)[number];

/** Commands that a process runs on some keys, by itself or in a script: Redis asks for the right of each command of a script, too. */
export interface RedisGrant {
  /** In lower case. */
  readonly commands: readonly string[];
  /** What stands in a key behind "<prefix>:"; "*" is any text. */
  readonly keys: readonly string[];
}

/** Everything that a process does in Redis. */
export interface RedisRights {
  /** Commands without a key, and those of channels. Of a command of many parts one: "script|load". */
  readonly commands: readonly string[];
  /** What stands in a channel behind "<prefix>:". */
  readonly channels: readonly string[];
  readonly grants: readonly RedisGrant[];
}

/** A connection of any kind: ioredis asks INFO when it opens one, and a database other than 0 is selected. MULTI and DISCARD check these rights. */
const connecting = ['ping', 'info', 'time', 'select', 'multi', 'exec', 'discard'];
/** ioredis loads a script that it finds missing when it sends several at once. */
const loading = ['script|load', 'script|exists'];
/** The right to run a script gives none to what it does. */
const scripts: RedisGrant = { commands: ['eval', 'evalsha'], keys: ['*'] };
const alive: RedisGrant = { commands: ['set'], keys: ['alive'] };
const epoch: RedisGrant = { commands: ['exists'], keys: ['epoch'] };

/**
 * Every command of BullMQ's scripts that add a job, those of rare branches included: a right that is missing in the middle of a script
 * leaves half of its work.
 */
const addJobs =
  'del exists get hget hmget hmset hset incr llen lpos lpush lrange persist pttl rpush sadd scard set xadd zadd zrange zrem zrevrangebyscore zscore'.split(
    ' ',
  );
/** The same of those that look for a job, move it ahead, and take it back from failed. */
const moveJobs = 'exists hdel hget hmget hset incr lindex llen lpop lpos lpush lrange lrem rpush sadd xadd zadd zrem zscore'.split(' ');
/** The same of those that show a queue, pause it and resume it, and what the board reads of a job without a script. */
const showQueues =
  'del exists get hdel hexists hget hgetall hlen hmget hscan hset incr lindex llen lpop lpos lpush lrange ltrim pttl rename rpop rpush sadd scard smembers sscan type xadd zadd zcard zcount zrange zrangebyscore zrem zrevrange zscore'.split(
    ' ',
  );

/** All that workers and operators run on the keys of Darkroom: their scripts and those of BullMQ, and what they send without a script. */
const everything = [
  ...'bzpopmin del eval evalsha exists expire get hdel hexists hget hgetall hincrby hlen hmget hmset hscan hset hsetnx incr'.split(' '),
  ...'lindex llen lpop lpos lpush lrange lrem lset ltrim mget persist pexpire pttl rename rpop rpoplpush rpush'.split(' '),
  ...'sadd scard set sismember smembers srem sscan ttl type unlink xadd xtrim zadd zcard zcount zpopmin zrange zrangebyscore zrem'.split(
    ' ',
  ),
  ...'zrank zremrangebyrank zremrangebyscore zrevrange zrevrangebyscore zscore'.split(' '),
];

/**
 * The rights that the Redis user of each process needs. `infra/redis/darkroom.acl` and docs/operations/redis-rights.md are written from
 * them (`npm run docs`), each process checks them when it connects, and tests run each with just these.
 */
export const redisRights: Readonly<Record<RedisProcess, RedisRights>> = {
  producer: {
    commands: [...connecting, ...loading, 'publish', 'subscribe', 'unsubscribe'],
    channels: ['events:*'],
    grants: [
      scripts,
      epoch,
      { commands: ['get'], keys: ['server-run', 'server-history'] },
      { commands: ['exists', 'hget'], keys: ['reading'] },
      { commands: ['hexists'], keys: ['unread'] },
      { commands: ['hmget'], keys: ['unread-money'] },
      { commands: ['hgetall'], keys: ['caps'] },
      { commands: ['hmget', 'hgetall', 'hincrby', 'expire'], keys: ['spend:*'] },
      { commands: ['incr'], keys: ['hold-moves'] },
      { commands: ['hmget', 'hincrby', 'hdel'], keys: ['hold-sums'] },
      { commands: ['hincrby', 'hdel'], keys: ['spend-sums'] },
      { commands: ['zadd'], keys: ['moved-periods'] },
      { commands: ['zadd', 'zrem', 'zscore'], keys: ['open'] },
      { commands: ['hget', 'hmget', 'hgetall', 'hset', 'hincrby', 'expire'], keys: ['generation:*'] },
      { commands: ['hget', 'hgetall', 'hset', 'expire'], keys: ['submission:*'] },
      { commands: ['hget', 'hmget', 'hset', 'expire'], keys: ['idempotency:*'] },
      { commands: ['expire'], keys: ['deliveries:*'] },
      { commands: addJobs, keys: ['submissions:*'] },
    ],
  },
  dashboard: {
    commands: [...connecting, ...loading, 'publish', 'client|list'],
    channels: ['events:alive'],
    grants: [scripts, alive, epoch, { commands: showQueues, keys: ['submissions:*', 'settlements:*', 'maintenance:*'] }],
  },
  receiver: {
    commands: [...connecting, ...loading, 'publish'],
    channels: ['events:*'],
    grants: [
      scripts,
      alive,
      epoch,
      { commands: ['hmget', 'hincrby', 'hset', 'pttl'], keys: ['submission:*'] },
      { commands: ['hexists', 'hlen', 'hset', 'pexpire'], keys: ['deliveries:*'] },
      { commands: ['lpush', 'ltrim'], keys: ['deliveries-unclaimed'] },
      { commands: [...new Set([...addJobs, ...moveJobs])].toSorted(), keys: ['settlements:*'] },
    ],
  },
  worker: {
    commands: [...connecting, ...loading, 'publish', 'client|setname', 'client|list', 'scan'],
    channels: ['events:*'],
    grants: [{ commands: everything, keys: ['*'] }],
  },
  operator: {
    commands: [...connecting, ...loading, 'publish', 'subscribe', 'unsubscribe', 'client|setname', 'client|list', 'scan'],
    channels: ['events:*'],
    grants: [{ commands: everything, keys: ['*'] }],
  },
};
