/** The processes that have a Redis user of their own; `producer` is the library, in whatever backend uses it. */
export const redisProcesses = ['producer', 'api', 'dashboard', 'receiver', 'worker', 'eraser', 'notifier', 'operator'] as const;
export type RedisProcess = (typeof redisProcesses)[number];

/** Commands that a process runs on some keys, by itself or in a script: Redis asks for the right of each command of a script, too. */
export interface RedisGrant {
  /** In lower case. */
  readonly commands: readonly string[];
  /** Part of a key behind "<prefix>:"; "*" is any text. */
  readonly keys: readonly string[];
}

/** All rights that a process needs in Redis. */
export interface RedisRights {
  /** Commands without a key, and those of channels. A subcommand is written "script|load". */
  readonly commands: readonly string[];
  /** Part of a channel behind "<prefix>:". */
  readonly channels: readonly string[];
  readonly grants: readonly RedisGrant[];
}

/**
 * Rights of every connection: ioredis asks INFO when it opens one, and selects a database other than 0. MULTI and DISCARD check these
 * rights.
 */
const connecting = ['ping', 'info', 'time', 'select', 'multi', 'exec', 'discard'];
/** ioredis loads a script that it finds missing when it sends several at once. */
const loading = ['script|load', 'script|exists'];
/** Rights of a script: the right to run it gives none to its commands. */
const scripts: RedisGrant = { commands: ['eval', 'evalsha'], keys: ['*'] };
const alive: RedisGrant = { commands: ['set'], keys: ['alive'] };
/** The last sign of life of a worker. */
const workerSeen: RedisGrant = { commands: ['get'], keys: ['worker-seen'] };
const epoch: RedisGrant = { commands: ['exists'], keys: ['epoch'] };
/** The number of the stored format, which every script asks for. */
const format: RedisGrant = { commands: ['get'], keys: ['format'] };

/** Rights of a script that cancels a generation: it gives its money back. */
const closing: readonly RedisGrant[] = [
  { commands: ['hmget', 'hgetall', 'hincrby', 'expire'], keys: ['spend:*'] },
  { commands: ['incr'], keys: ['hold-moves'] },
  { commands: ['hmget', 'hincrby', 'hdel'], keys: ['hold-sums'] },
  { commands: ['hincrby', 'hdel'], keys: ['spend-sums'] },
  { commands: ['zadd'], keys: ['moved-periods'] },
  { commands: ['hincrby', 'expire'], keys: ['minute:*'] },
  { commands: ['zadd', 'expire'], keys: ['tenants:*'] },
  { commands: ['hincrby'], keys: ['totals'] },
  { commands: ['rpush', 'ltrim'], keys: ['ended'] },
  { commands: ['zadd', 'zrem', 'zscore'], keys: ['open'] },
  { commands: ['zadd', 'zrem'], keys: ['open-images'] },
];

/** Commands of a consumer of durable events. */
const readEvents = [
  'xgroup|create',
  'xreadgroup',
  'xack',
  'xautoclaim',
  'xclaim',
  'xpending',
  'xinfo|groups',
  'xinfo|consumers',
  'xgroup|delconsumer',
  'xgroup|setid',
];

/**
 * Every command of BullMQ's scripts that add a job, rare branches included: a right that is missing in the middle of a script leaves half
 * of its work.
 */
const addJobs =
  'del exists get hget hmget hmset hset incr llen lpos lpush lrange persist pttl rpush sadd scard set xadd zadd zrange zrem zrevrangebyscore zscore'.split(
    ' ',
  );
/** Every command of BullMQ's scripts that look for a job, move it ahead, and take it back from failed. */
const moveJobs = 'exists hdel hget hmget hset incr lindex llen lpop lpos lpush lrange lrem rpush sadd xadd zadd zrem zscore'.split(' ');
/**
 * Every command of BullMQ's scripts that show a queue, pause and resume it, and those with which the board reads a job without a script.
 */
const showQueues =
  'del exists get hdel hexists hget hgetall hlen hmget hscan hset incr lindex llen lpop lpos lpush lrange ltrim pttl rename rpop rpush sadd scard smembers sscan type xadd zadd zcard zcount zrange zrangebyscore zrem zrevrange zscore'.split(
    ' ',
  );

/** All commands of workers and operators on the keys of Darkroom: their scripts, those of BullMQ, and commands without a script. */
const everything = [
  ...'bzpopmin del eval evalsha exists expire get hdel hexists hget hgetall hincrby hlen hmget hmset hscan hset hsetnx incr'.split(' '),
  ...'lindex llen lpop lpos lpush lrange lrem lset ltrim mget persist pexpire pttl rename rpop rpoplpush rpush'.split(' '),
  ...'sadd scard set sismember smembers srem sscan ttl type unlink xack xadd xautoclaim xclaim xgroup xinfo xlen xpending xrange xread xreadgroup xrevrange xtrim zadd zcard zcount zlexcount zpopmin zrange zrangebyscore zrem'.split(
    ' ',
  ),
  ...'zrank zremrangebyrank zremrangebyscore zrevrange zrevrangebyscore zrevrank zscore'.split(' '),
];

/** The rights of the library; the HTTP API, which stands on it, has them too. */
const producer: RedisRights = {
  commands: [...connecting, ...loading, 'publish', 'subscribe', 'unsubscribe'],
  channels: ['events:*'],
  grants: [
    scripts,
    epoch,
    format,
    { commands: ['get'], keys: ['server-run', 'server-history', 'memory'] },
    { commands: ['exists', 'hget'], keys: ['reading'] },
    { commands: ['hexists'], keys: ['unread'] },
    { commands: ['hmget'], keys: ['unread-money'] },
    { commands: ['hgetall'], keys: ['caps'] },
    { commands: ['hmget'], keys: ['tenant-rules:*'] },
    ...closing,
    { commands: ['zcard', 'zlexcount'], keys: ['open-images'] },
    { commands: ['hget'], keys: ['limits'] },
    workerSeen,
    { commands: ['zadd', 'zrem', 'zcard', 'zscore', 'zrank', 'zcount'], keys: ['line', 'line:*'] },
    { commands: ['hget', 'hset', 'del'], keys: ['line-clocks'] },
    { commands: ['hmget'], keys: ['line-pace'] },
    { commands: ['exists'], keys: ['buying-paused'] },
    { commands: ['zadd', 'zrem', 'zscore', 'zrevrank', 'zrevrange', 'zrevrangebyscore'], keys: ['list:*'] },
    { commands: ['hget', 'hmget', 'hgetall', 'hset', 'hincrby', 'expire'], keys: ['generation:*'] },
    { commands: ['get', 'set', 'hget', 'hgetall', 'hset', 'expire', 'pttl', 'pexpire'], keys: ['submission:*'] },
    { commands: ['hget', 'hmget', 'hset', 'expire'], keys: ['idempotency:*'] },
    { commands: ['expire'], keys: ['deliveries:*'] },
    { commands: ['hget', 'hgetall', 'hset', 'persist', 'ttl', 'expire'], keys: ['retries:*'] },
    { commands: ['zadd'], keys: ['erasures', 'bulk-erasures'] },
    { commands: ['exists', 'hmget', 'hgetall', 'hset', 'hdel', 'del', 'persist', 'smembers'], keys: ['erasure:*'] },
    { commands: ['xadd', ...readEvents], keys: ['event-log'] },
    { commands: ['get'], keys: ['events-trimmed'] },
    { commands: ['hget', 'hdel'], keys: ['events-gaps'] },
    { commands: ['hget', 'hgetall', 'hset'], keys: ['webhook-endpoint:*'] },
    { commands: ['smembers', 'sadd', 'scard', 'rpush', 'get', 'incr', 'expire'], keys: ['webhook-endpoints*'] },
    { commands: ['hgetall'], keys: ['notification:*'] },
    { commands: ['zcount'], keys: ['notifications-failed:*'] },
    { commands: ['zrevrank', 'zrevrange'], keys: ['notification-list:*'] },
    { commands: ['rpush'], keys: ['notification-resends'] },
    { commands: ['xadd'], keys: ['events-dead'] },
    { commands: addJobs, keys: ['submissions:*'] },
  ],
};

/**
 * The rights that the Redis user of each process needs. `npm run docs` writes `infra/redis/darkroom.acl` and
 * docs/operations/redis-rights.md from them, each process checks them when it connects, and tests run each process with exactly these.
 */
export const redisRights: Readonly<Record<RedisProcess, RedisRights>> = {
  producer,
  api: {
    ...producer,
    grants: [
      ...producer.grants,
      alive,
      { commands: ['hmget', 'hset'], keys: ['api-key:*'] },
      { commands: ['incr', 'pexpire', 'pttl'], keys: ['api-rate:*'] },
      { commands: ['xread', 'xrange', 'xrevrange'], keys: ['event-log'] },
    ],
  },
  dashboard: {
    ...producer,
    commands: [...producer.commands, 'client|list'],
    grants: [
      ...producer.grants,
      alive,
      // those that add jobs are the producer's
      { commands: showQueues.filter((command) => !addJobs.includes(command)), keys: ['submissions:*'] },
      { commands: showQueues, keys: ['settlements:*', 'maintenance:*', 'notifications:*'] },
      { commands: ['zcard', 'zcount', 'zrange', 'zrangebyscore'], keys: ['list:*'] },
      { commands: ['hgetall'], keys: ['buying-paused', 'provider-trouble', 'minute:*'] },
      { commands: ['get'], keys: ['epoch', 'reading'] },
      { commands: ['hget', 'hmget'], keys: ['checkpoint'] },
      { commands: ['hgetall', 'hdel'], keys: ['held-workers'] },
      { commands: ['zcard', 'zrange'], keys: ['open', 'unknown'] },
      { commands: ['zcard'], keys: ['tasks-at-provider'] },
      { commands: ['zcard', 'zrank', 'zrange'], keys: ['tenants:*'] },
      { commands: ['get'], keys: ['last-pass', 'pass-progress', 'settings-differ'] },
      { commands: ['zrange', 'zcard', 'zrem'], keys: ['withheld'] },
      { commands: ['hmget'], keys: ['endpoint-health:*'] },
      { commands: ['get'], keys: ['owner', 'owner-claim'] },
      { commands: ['hgetall'], keys: ['reading'] },
      { commands: ['hscan', 'hlen'], keys: ['damaged'] },
      { commands: ['hlen', 'hmget'], keys: ['unread'] },
      { commands: ['hget'], keys: ['unread-money'] },
      { commands: ['hexists'], keys: ['rebuild'] },
      { commands: ['xadd', 'xrevrange'], keys: ['acts'] },
      { commands: ['hget', 'hgetall', 'hset', 'expire'], keys: ['bulk-act:*'] },
      { commands: ['zadd', 'zremrangebyrank', 'zrevrange'], keys: ['bulk-acts'] },
      { commands: ['zadd', 'zrem', 'zrange'], keys: ['bulk-acts-under-way'] },
      { commands: ['get', 'set', 'pttl', 'del'], keys: ['turn:bulk-act:*'] },
      // an act that restricts holds in Redis at once
      { commands: ['hsetnx', 'hdel'], keys: ['buying-paused'] },
      { commands: ['hmget', 'hset'], keys: ['caps'] },
      { commands: ['lrange', 'rpush'], keys: ['caps-unrecorded'] },
    ],
  },
  receiver: {
    commands: [...connecting, ...loading, 'publish'],
    channels: ['events:*'],
    grants: [
      scripts,
      alive,
      workerSeen,
      epoch,
      format,
      { commands: ['get', 'set', 'hmget', 'hincrby', 'hset', 'pttl', 'pexpire'], keys: ['submission:*'] },
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
  eraser: {
    commands: [...connecting, ...loading, 'publish'],
    channels: ['events:*'],
    grants: [
      scripts,
      alive,
      format,
      ...closing,
      { commands: ['get', 'exists'], keys: ['epoch', 'owner', 'owner-claim', 'server-run', 'server-history'] },
      { commands: ['get'], keys: ['memory'] },
      { commands: ['exists', 'hget'], keys: ['reading'] },
      { commands: ['zrange', 'zrem', 'zcard'], keys: ['uploads-left'] },
      { commands: ['zadd', 'zrem', 'zcard', 'zcount', 'zscore', 'zrangebyscore'], keys: ['erasures'] },
      { commands: ['zadd', 'zrem', 'zrange', 'zcard'], keys: ['bulk-erasures'] },
      { commands: ['hget', 'hgetall', 'hset', 'hdel', 'del'], keys: ['aged'] },
      { commands: ['smembers'], keys: ['tenants-with-rules'] },
      { commands: ['hmget'], keys: ['tenant-rules:*'] },
      {
        commands: 'hgetall hset hsetnx hdel hexists hincrby del expire persist sadd srem scard sismember'.split(' '),
        keys: ['erasure:*'],
      },
      { commands: ['hget', 'hmget', 'hgetall', 'hset', 'hdel', 'hincrby', 'del', 'expire'], keys: ['generation:*'] },
      { commands: ['get', 'set', 'pttl', 'pexpire', 'hget', 'hgetall', 'hset', 'hdel', 'expire'], keys: ['submission:*'] },
      { commands: ['hget', 'hset', 'expire'], keys: ['idempotency:*'] },
      { commands: ['del', 'expire'], keys: ['deliveries:*'] },
      { commands: ['lrange', 'lrem'], keys: ['deliveries-unclaimed'] },
      { commands: ['zadd', 'zrem', 'zcard', 'zscore', 'zrevrank', 'zrevrange', 'zrevrangebyscore'], keys: ['list:*'] },
      { commands: ['zrem', 'zcard'], keys: ['line', 'line:*'] },
      { commands: ['hget', 'hset', 'del'], keys: ['line-clocks'] },
      { commands: ['hget', 'hgetall', 'ttl', 'expire', 'persist'], keys: ['retries:*'] },
      { commands: ['xadd'], keys: ['event-log'] },
      { commands: ['zrem'], keys: ['withheld'] },
    ],
  },
  notifier: {
    commands: [...connecting, ...loading, 'publish', 'client|setname'],
    channels: ['events:alive'],
    grants: [
      scripts,
      alive,
      format,
      { commands: ['exists', 'get'], keys: ['epoch'] },
      { commands: ['get'], keys: ['server-run', 'server-history', 'memory', 'events-trimmed'] },
      { commands: ['exists', 'hget'], keys: ['reading'] },
      { commands: ['hexists'], keys: ['unread'] },
      { commands: ['hmget'], keys: ['erasure:*', 'line-pace'] },
      { commands: ['hget', 'hmget', 'hgetall'], keys: ['generation:*'] },
      { commands: ['hgetall'], keys: ['submission:*'] },
      { commands: ['zscore', 'zrank', 'zcard', 'zcount'], keys: ['line', 'line:*'] },
      { commands: ['hget'], keys: ['line-clocks'] },
      { commands: ['exists'], keys: ['buying-paused'] },
      { commands: ['hget', 'hgetall', 'hset'], keys: ['webhook-endpoint:*'] },
      { commands: ['smembers', 'sscan', 'llen', 'sadd', 'scard', 'rpush', 'get', 'incr', 'expire'], keys: ['webhook-endpoints*'] },
      { commands: ['hget', 'hmget', 'hset', 'hsetnx', 'hincrby', 'expire', 'del'], keys: ['endpoint-health:*'] },
      { commands: ['hget', 'hgetall', 'hset', 'hincrby', 'expire'], keys: ['notification:*'] },
      {
        commands: ['zadd', 'zrem', 'zrangebyscore', 'zremrangebyscore', 'zremrangebyrank', 'expire'],
        keys: ['notifications-failed:*'],
      },
      { commands: ['zadd', 'zremrangebyscore', 'zremrangebyrank', 'expire'], keys: ['notification-list:*'] },
      { commands: ['lindex', 'lrange', 'lrem'], keys: ['notification-resends'] },
      { commands: readEvents, keys: ['event-log'] },
      { commands: ['hget', 'hdel'], keys: ['events-gaps'] },
      { commands: ['xadd'], keys: ['events-dead'] },
      { commands: everything.filter((command) => !scripts.commands.includes(command)), keys: ['notifications:*'] },
    ],
  },
  operator: {
    commands: [...connecting, ...loading, 'publish', 'subscribe', 'unsubscribe', 'client|setname', 'client|list', 'scan'],
    channels: ['events:*'],
    grants: [{ commands: everything, keys: ['*'] }],
  },
};
