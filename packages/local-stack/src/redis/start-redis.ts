import { canReadUrl, LocalStackError } from '@darkroom/contracts';
import { unpackDebianRedis } from './debian-copy.ts';
import { doesRun, findRedisBinary } from './find-binary.ts';
import { startInProcessRedis } from './in-process-redis.ts';
import type { Environment } from '../processes/program.ts';
import type { AppendFsync, LocalRedis, RedisKind } from './local-redis.ts';
import { startRedisProcess } from './redis-process.ts';
import { findServerInfo } from './server-info.ts';

export interface StartRedisOptions {
  /** Data folder of a server that is started here; the same folder again brings its data back. */
  readonly dir: string;
  /** Where the private copy is unpacked; kept between runs and shared by them. */
  readonly cacheDir: string;
  /** PATH to look for a server, and what `apt-get` needs (proxies). */
  readonly environment: Environment;
  /** A Redis that runs already; then nothing is started. */
  readonly url?: string;
  /** A server to run instead of what PATH has. */
  readonly binary?: string;
  /** Tries only this. */
  readonly only?: RedisKind;
  /** Absent: a free port. */
  readonly port?: number;
  /** `always` when absent: what is shipped, since a purchase is rare and dear. `off` keeps nothing on the disk. */
  readonly appendfsync?: AppendFsync | 'off';
  /** How long the download of the private copy may take; 30 s when absent. */
  readonly downloadLimitMs?: number;
  /** Called with one line on what the person at the screen must know. */
  readonly onNotice?: (notice: string) => void;
}

const DOWNLOAD_LIMIT_MS = 30_000;
const URL_ANSWER_LIMIT_MS = 2_000;
const FORGETFUL =
  'this Redis runs inside the process and keeps nothing: everything queued is forgotten when it exits; install valkey or redis, or set REDIS_URL, to keep it';

/** One way to a Redis; its reason in words when it leads nowhere. */
type Way = (options: StartRedisOptions) => Promise<Omit<LocalRedis, 'startMs'>>;

const ways: Readonly<Record<RedisKind, Way>> = {
  url: async ({ url }) => {
    if (url === undefined) throw new Error('no URL was given');
    const info = await findServerInfo(url, URL_ANSWER_LIMIT_MS);
    if (info === undefined) throw new Error(`"${withoutCredentials(url)}" does not answer`);
    return { url, kind: 'url', detail: `${info.version} at ${withoutCredentials(url)}`, durable: true, stop: () => Promise.resolve() };
  },
  binary: async (options) => {
    const binary = options.binary ?? (await findRedisBinary(options.environment));
    if (binary === undefined) throw new Error('no valkey-server or redis-server is installed');
    if (!(await doesRun(binary, options.environment))) throw new Error(`"${binary}" does not run`);
    return startOwn('binary', binary, options.environment, options);
  },
  deb: async (options) => {
    if (process.platform !== 'linux') throw new Error('only Linux has Debian packages');
    const { binary, environment } = await unpackDebianRedis(
      options.cacheDir,
      options.environment,
      options.downloadLimitMs ?? DOWNLOAD_LIMIT_MS,
    );
    return startOwn('deb', binary, environment, options);
  },
  js: async ({ port, onNotice }) => {
    const redis = await startInProcessRedis(port);
    onNotice?.(FORGETFUL);
    return { ...redis, kind: 'js', detail: 'js-redis-server 0.3.0, in memory', durable: false, notice: FORGETFUL };
  },
};

/**
 * Finds or starts a Redis on this machine, the best that there is: a URL that is given, a server on PATH, a private copy out
 * of Debian's packages, a server in JavaScript that forgets everything at exit. Always on loopback, `noeviction`.
 * @throws LocalStackError when a URL or binary that was asked for does not work, or no way led to a server.
 */
export async function startRedis(options: StartRedisOptions): Promise<LocalRedis> {
  const startedAt = performance.now();
  const reasons: string[] = [];
  const causes: unknown[] = [];
  for (const kind of kindsToTry(options)) {
    try {
      const redis = await ways[kind](options);
      return { ...redis, startMs: Math.round(performance.now() - startedAt) };
    } catch (error) {
      causes.push(error);
      reasons.push(`${kind}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new LocalStackError(`cannot find or start a Redis; tried\n  ${reasons.join('\n  ')}`, { cause: new AggregateError(causes) });
}

/** What was asked for by name is never replaced by something else. */
function kindsToTry({ only, url, binary }: StartRedisOptions): readonly RedisKind[] {
  if (only !== undefined) return [only];
  if (url !== undefined) return ['url'];
  if (binary !== undefined) return ['binary'];
  return ['binary', 'deb', 'js'];
}

async function startOwn(
  kind: 'binary' | 'deb',
  binary: string,
  environment: Environment,
  options: StartRedisOptions,
): Promise<Omit<LocalRedis, 'startMs'>> {
  const { dir, port, appendfsync = 'always' } = options;
  const { url, pid, version, stop } = await startRedisProcess({
    binary,
    environment,
    dir,
    persistence: appendfsync,
    ...(port === undefined ? {} : { port }),
  });
  return { url, pid, stop, kind, detail: version, durable: appendfsync !== 'off' };
}

/** User and password of a Redis URL are secrets. */
function withoutCredentials(url: string): string {
  if (!canReadUrl(url)) return 'an unreadable URL';
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}
