import { defined } from '@darkroom/contracts';
import type { Redis, RedisOptions } from 'ioredis';

export const redisShortcomings = ['eviction', 'too-old', 'nameless', 'one-node', 'unguarded', 'no-log', 'nearly-full'] as const;

/** A property of a Redis server with which Darkroom cannot work, or of which its operator should know. */
export interface RedisShortcoming {
  readonly kind: (typeof redisShortcomings)[number];
  /** True if no worker buys with it. */
  readonly isUnfit: boolean;
  /** The fault and its cure. */
  readonly text: string;
}

/** The first version with all commands and options that the scripts use. */
const MIN_VERSION = [6, 2] as const;
const NEARLY_FULL = 0.85;

/** The used part of a connection. */
export type ExaminedRedis = Pick<Redis, 'info'> & { readonly options: RedisOptions };

/**
 * Examines the settings of a server: its eviction policy, version, log, memory and place in a cluster. Asks `INFO`, which each process may.
 * Used by workers, for their readiness, and by `doctor`.
 */
export async function examineRedis(redis: ExaminedRedis): Promise<RedisShortcoming[]> {
  return findShortcomings(parseInfo(await redis.info()), isGuided(redis));
}

const isGuided = ({ options }: ExaminedRedis): boolean => options.Connector !== undefined;

/** Describes a server as it is: name and version, place, replicas, log, eviction policy, TLS. */
export async function describeRedisServer(redis: ExaminedRedis): Promise<string> {
  const info = parseInfo(await redis.info());
  const name = info.get('server_name') ?? 'redis';
  const replicas = Number(info.get('connected_slaves') ?? 0);
  return [
    `${name} ${info.get(`${name}_version`) ?? info.get('redis_version') ?? 'of unknown version'}`,
    info.get('redis_mode') === 'cluster' ? 'node of a cluster' : isGuided(redis) ? 'found by sentinels' : 'one address',
    `${replicas} ${replicas === 1 ? 'replica' : 'replicas'}`,
    `append-only file ${info.get('aof_enabled') === '1' ? 'on' : 'off'}`,
    `maxmemory-policy ${info.get('maxmemory_policy') ?? 'unknown'}`,
    redis.options.tls === undefined ? 'no TLS' : 'TLS',
  ].join(', ');
}

/** Memory and setup of a server, as its `INFO` tells them; a value that it does not tell is absent. */
export interface RedisState {
  usedBytes?: number;
  /** 0 without a limit. */
  limitBytes?: number;
  /** Keys thrown away since its start. */
  evictedKeys?: number;
  shortcomings: readonly RedisShortcoming[];
}

/** Reads memory and setup of a server. */
export async function readRedisState(redis: ExaminedRedis): Promise<RedisState> {
  const info = parseInfo(await redis.info());
  const tell = (name: string): number | undefined => (info.has(name) ? Number(info.get(name)) : undefined);
  return {
    ...defined({ usedBytes: tell('used_memory'), limitBytes: tell('maxmemory'), evictedKeys: tell('evicted_keys') }),
    shortcomings: findShortcomings(info, isGuided(redis)),
  };
}

/**
 * Returns the shortcomings in an answer to `INFO`; a value that the server does not tell is none.
 * @param isGuidedThere True if the address names guides: the nodes of a cluster, or sentinels.
 */
export function findShortcomings(info: ReadonlyMap<string, string>, isGuidedThere = false): RedisShortcoming[] {
  const shortcomings: RedisShortcoming[] = [];
  const policy = info.get('maxmemory_policy');
  if (policy !== undefined && policy !== 'noeviction')
    shortcomings.push({
      kind: 'eviction',
      isUnfit: true,
      text: `maxmemory-policy is "${policy}": a full Redis would throw away what was spent, and caps would begin at 0; set it to noeviction (CONFIG SET maxmemory-policy noeviction, and in redis.conf or the parameter group)`,
    });
  const version = info.get('redis_version');
  // Valkey tells the version of Redis that it is compatible with.
  if (version !== undefined && isOlder(version))
    shortcomings.push({
      kind: 'too-old',
      isUnfit: true,
      text: `Redis ${version} is too old: use Redis ${MIN_VERSION.join('.')} or later, or Valkey`,
    });
  if (version !== undefined && (info.get('run_id') ?? '') === '' && (info.get('master_replid') ?? '') === '')
    shortcomings.push({
      kind: 'nameless',
      isUnfit: true,
      text: 'INFO tells neither run_id nor master_replid: Darkroom could not notice a restart or a failover, after which Redis may have forgotten what was bought; use a server that tells one of them',
    });
  if (info.get('redis_mode') === 'cluster' && !isGuidedThere)
    shortcomings.push({
      kind: 'one-node',
      isUnfit: false,
      text: 'REDIS_URL names one node of a cluster as if it stood alone: after a failover, or when its slots move, everything would stand still; use redis-cluster:// and name some of its nodes',
    });
  // INFO tells the number of its good replicas only where a primary asks for them.
  const hasReplicas = info.get('role') === 'master' && Number(info.get('connected_slaves') ?? 0) > 0;
  if (isGuidedThere && info.get('redis_mode') !== 'cluster' && hasReplicas && !info.has('min_slaves_good_slaves'))
    shortcomings.push({
      kind: 'unguarded',
      isUnfit: false,
      text: 'this primary goes on alone when the network cuts it off from its replicas, while sentinels promote another one: both would spend up to the caps; set min-replicas-to-write 1 and min-replicas-max-lag 10',
    });
  if (info.get('aof_enabled') === '0')
    shortcomings.push({
      kind: 'no-log',
      isUnfit: false,
      text: 'the append-only file is off: a restart forgets what was queued since the last snapshot; set appendonly yes and appendfsync always (what was bought comes back from S3)',
    });
  const [used, limit] = ['used_memory', 'maxmemory'].map((name) => Number(info.get(name)));
  if (used !== undefined && limit !== undefined && limit > 0 && used / limit > NEARLY_FULL)
    shortcomings.push({
      kind: 'nearly-full',
      isUnfit: false,
      text: `${Math.round((100 * used) / limit)} % of maxmemory are used: a full Redis refuses every write, and buying stands still; give it more memory`,
    });
  return shortcomings;
}

/** Reads the lines `name:value` of `INFO`. */
export const parseInfo = (text: string): ReadonlyMap<string, string> =>
  new Map(
    text.split(/\r?\n/).flatMap((line) => {
      const colon = line.indexOf(':');
      return colon <= 0 || line.startsWith('#') ? [] : [[line.slice(0, colon), line.slice(colon + 1)] as const];
    }),
  );

function isOlder(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < MIN_VERSION[0] || (major === MIN_VERSION[0] && minor < MIN_VERSION[1]);
}
