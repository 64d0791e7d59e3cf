import { defined, LocalStackError, readRedisAddress } from '@darkroom/contracts';
import { unpackDebianRedis } from './debian-copy.ts';
import { doesRun, findRedisBinary } from './find-binary.ts';
import { startInProcessRedis } from './in-process-redis.ts';
import type { Environment } from '../processes/program.ts';
import type { AppendFsync, LocalRedis, RedisKind } from './local-redis.ts';
import { startRedisProcess } from './redis-process.ts';
import { findServerInfo } from './server-info.ts';

export interface StartRedisOptions {
  /** Data folder of a started server; a later start with the same folder restores the data. */
  readonly dir: string;
  /** Folder of the private copy, kept between runs and shared by them. */
  readonly cacheDir: string;
  /** PATH in which to look for a server, and variables for `apt-get` (proxies). */
  readonly environment: Environment;
  /** URL of a running Redis; then no server is started. */
  readonly url?: string;
  /** A server to start instead of the one on PATH. */
  readonly binary?: string;
  /** Tries only this source. */
  readonly only?: RedisKind;
  /** A free port when absent. */
  readonly port?: number;
  /** `always` when absent, as in production, because purchases are rare and expensive. `off` writes nothing to the disk. */
  readonly appendfsync?: AppendFsync | 'off';
  /** Settings that differ from the usual ones, by their names in redis.conf. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Configuration of a sentinel: the server then runs as one, and writes into that file. */
  readonly sentinelFile?: string;
  /** Time limit of the download of the private copy; 30 s when absent. */
  readonly downloadLimitMs?: number;
}

const DOWNLOAD_LIMIT_MS = 30_000;
const URL_ANSWER_LIMIT_MS = 2_000;
const FORGETFUL =
  'this Redis runs inside the process and keeps nothing: everything queued is forgotten when it exits; install valkey or redis, or set REDIS_URL, to keep it';

/** Tries one source of a Redis; throws the reason if it fails. */
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
  js: async ({ port }) => {
    const redis = await startInProcessRedis(port);
    return { ...redis, kind: 'js', detail: 'js-redis-server 0.3.0, in memory', durable: false, notice: FORGETFUL };
  },
};

/**
 * Finds or starts the best Redis on this machine: a given URL, a server on PATH, a private copy of a Debian package, or a server in
 * JavaScript, which loses its data at exit. A started server uses loopback and `noeviction`.
 * @throws LocalStackError if a given URL or binary does not work, or if no source gives a server.
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

/** Returns the sources to try. A source given by name has no replacement. */
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
  const { dir, port, appendfsync = 'always', settings, sentinelFile } = options;
  const { version, ...server } = await startRedisProcess({
    binary,
    environment,
    dir,
    persistence: appendfsync,
    ...defined({ port, settings, sentinelFile }),
  });
  return { ...server, kind, detail: version, durable: appendfsync !== 'off' };
}

/** Removes user and password from a Redis URL, because they are secrets. */
function withoutCredentials(url: string): string {
  if ('problem' in readRedisAddress(url)) return 'an unreadable URL';
  return url
    .trim()
    .replace(/\/\/[^/?]*@/, '//')
    .replace(/\?.*$/, '');
}
