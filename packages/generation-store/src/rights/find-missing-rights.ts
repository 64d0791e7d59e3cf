import { defined } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { duplicateOnce } from '../connection/duplicate-once.ts';
import { patternOf } from './acl-rules.ts';
import type { RedisProcess, RedisRights } from './redis-rights.ts';
import { redisRights } from './redis-rights.ts';

/** Rights that a user lacks: commands without a key, or on the keys or channels of one pattern. */
export interface MissingRight {
  readonly commands: readonly string[];
  readonly pattern?: string;
}

/** One command that is queued and never run, and the right that it tests. */
interface Trial {
  readonly command: string;
  readonly pattern?: string;
  readonly call: readonly string[];
}

const LIMIT_MS = 5000;

/**
 * Finds the rights of a process that the user of this connection lacks, without running any of its commands. On a connection of its own it
 * opens a transaction, queues each command once, and discards them all. Redis refuses a command without a right when it is queued
 * (`processCommand` asks the ACL before it looks at MULTI). A user needs no right to be tested like this, and managed services refuse
 * `ACL`. A command that the service has renamed away is missing too.
 *
 * The transaction must be open before the first command leaves: its reply is awaited, on a connection that does not reconnect.
 * @returns undefined if the server has no transactions. @throws the trouble of the connection, if it cannot be asked.
 */
export async function findMissingRights(redis: Redis, process: RedisProcess, prefix: string): Promise<MissingRight[] | undefined> {
  const fresh = duplicateOnce(redis, LIMIT_MS, {
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    enableReadyCheck: false,
  });
  let met: unknown;
  fresh.on('error', (error: unknown) => (met = error));
  try {
    await fresh.connect();
    // An empty transaction asks for EXEC: behind a command of this list it would run it.
    const [opened, executed] = await Promise.all([answerOf(fresh.call('MULTI')), answerOf(fresh.call('EXEC'))]);
    if (opened !== undefined && opened.message.startsWith('NOPERM ')) return [{ commands: ['multi'] }];
    if (opened !== undefined || (await answerOf(fresh.call('MULTI'))) !== undefined) {
      if (fresh.status !== 'ready') throw opened ?? new Error('the connection was closed');
      return undefined;
    }
    const trials = trialsOf(redisRights[process], prefix);
    const pipeline = fresh.pipeline();
    for (const {
      call: [name = '', ...args],
    } of trials)
      pipeline.call(name, ...args);
    const answers = ((await pipeline.call('DISCARD').exec()) ?? []).map(([error]) => error);
    const asked: Trial[] = [...trials, { command: 'discard', call: [] }];
    const refused = asked.filter((_, at) => isRefusal(answers[at]));
    const ofChannels = answers.at(-1) === null ? await tryChannels(fresh, redisRights[process], prefix) : [];
    // The error that a closed connection gives for each command is no reply.
    if (fresh.status !== 'ready') throw new Error('the connection was closed');
    return gather([...(isRefusal(executed) ? [{ command: 'exec', call: [] }] : []), ...refused, ...ofChannels]);
  } catch (error) {
    throw met ?? error;
  } finally {
    fresh.disconnect();
  }
}

/** Returns the error of a command; undefined if it was queued. */
const answerOf = (call: Promise<unknown>): Promise<Error | undefined> =>
  call.then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
  );

/** Errors with which a server may refuse a command for another reason; they say nothing of rights. */
const isRefusal = (error: Error | null | undefined): boolean =>
  error !== null && error !== undefined && /^(EXECABORT .*)?(NOPERM |ERR unknown (sub)?command)/i.test(error.message);

/** Subscribes for a moment: ioredis would take the queueing of a subscription for one. */
async function tryChannels(fresh: Redis, { commands, channels }: RedisRights, prefix: string): Promise<Trial[]> {
  const refused: Trial[] = [];
  for (const channel of commands.includes('subscribe') ? channels : []) {
    const [subscribed, left] = await Promise.all([
      answerOf(fresh.subscribe(sampleOf(prefix, channel))),
      answerOf(fresh.unsubscribe(sampleOf(prefix, channel))),
    ]);
    if (isRefusal(subscribed)) refused.push({ command: 'subscribe', pattern: patternOf(prefix, channel), call: [] });
    if (isRefusal(left)) refused.push({ command: 'unsubscribe', call: [] });
  }
  return refused;
}

const SAMPLE = 'rights-check';

/** Returns one trial for each right. A pattern is tried with an unused key. */
function trialsOf({ commands, channels, grants }: RedisRights, prefix: string): Trial[] {
  return [
    ...commands.flatMap((command): Trial[] =>
      apart.has(command)
        ? []
        : command === 'publish'
          ? channels.map((channel) => ({ command, pattern: patternOf(prefix, channel), call: callOf(command, sampleOf(prefix, channel)) }))
          : [{ command, call: callOf(command) }],
    ),
    ...grants.flatMap(({ commands: each, keys }) =>
      keys.flatMap((key) =>
        each.map((command): Trial => ({ command, pattern: patternOf(prefix, key), call: callOf(command, sampleOf(prefix, key)) })),
      ),
    ),
  ];
}

const sampleOf = (prefix: string, name: string): string => `${prefix}:${name.replace('*', SAMPLE)}`;
/** Commands that are tried alone: EXEC in a transaction would run it. */
const apart: ReadonlySet<string> = new Set(['multi', 'exec', 'discard', 'subscribe', 'unsubscribe']);

/** Arguments after the key, so that a command has as many as it needs; most need none, or the one that is absent here. */
const rests: Readonly<Record<string, readonly string[]>> = {
  bzpopmin: ['1'],
  expire: ['1'],
  pexpire: ['1'],
  hdel: ['f'],
  hexists: ['f'],
  hget: ['f'],
  hmget: ['f'],
  hincrby: ['f', '1'],
  hmset: ['f', '1'],
  hset: ['f', '1'],
  hscan: ['0'],
  hsetnx: ['f', '1'],
  lindex: ['0'],
  lpos: ['e'],
  lpush: ['e'],
  rpush: ['e'],
  lrange: ['0', '0'],
  lrem: ['0', 'e'],
  lset: ['0', 'e'],
  ltrim: ['0', '0'],
  sadd: ['m'],
  set: ['1'],
  sismember: ['m'],
  srem: ['m'],
  sscan: ['0'],
  xack: ['g', '0'],
  xadd: ['*', 'f', '1'],
  xautoclaim: ['g', 'c', '0', '0'],
  xclaim: ['g', 'c', '0', '0'],
  'xgroup|create': ['g', '0'],
  'xgroup|delconsumer': ['g', 'c'],
  'xgroup|setid': ['g', '0'],
  'xinfo|consumers': ['g'],
  xpending: ['g'],
  xrange: ['-', '+'],
  xrevrange: ['+', '-'],
  xtrim: ['MAXLEN', '1'],
  zadd: ['0', 'm'],
  zcount: ['0', '0'],
  zlexcount: ['-', '+'],
  zrange: ['0', '0'],
  zrangebyscore: ['0', '0'],
  zrank: ['m'],
  zrem: ['m'],
  zremrangebyrank: ['0', '0'],
  zremrangebyscore: ['0', '0'],
  zrevrange: ['0', '0'],
  zrevrangebyscore: ['0', '0'],
  zrevrank: ['m'],
  zscore: ['m'],
  publish: ['{}'],
};
const keyless: Readonly<Record<string, readonly string[]>> = {
  select: ['0'],
  scan: ['0'],
  'script|load': ['return 1'],
  'script|exists': ['0'],
  'client|setname': ['x'],
};

function callOf(command: string, key?: string): string[] {
  const words = command.split('|');
  if (key === undefined) return [...words, ...(keyless[command] ?? [])];
  if (command === 'xgroup') return [command, 'CREATE', key, 'g', '0'];
  if (command === 'xinfo') return [command, 'GROUPS', key];
  if (command === 'xreadgroup') return [command, 'GROUP', 'g', 'c', 'STREAMS', key, '>'];
  if (command === 'xread') return [command, 'STREAMS', key, '0'];
  if (command === 'eval' || command === 'evalsha') return [command, 'return 1', '1', key];
  if (command === 'rename' || command === 'rpoplpush') return [command, key, key];
  return [...words, key, ...(rests[command] ?? [])];
}

/** Joins the missing rights by pattern, in the order of the rights. */
function gather(trials: readonly Trial[]): MissingRight[] {
  const byPattern = new Map<string | undefined, string[]>();
  for (const { command, pattern } of trials) {
    const commands = byPattern.get(pattern) ?? [];
    if (!commands.includes(command)) commands.push(command);
    byPattern.set(pattern, commands);
  }
  return [...byPattern].map(([pattern, commands]) => ({ commands, ...defined({ pattern }) }));
}
