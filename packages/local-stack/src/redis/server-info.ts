import { readFile } from 'node:fs/promises';
import { defined, readRedisAddress } from '@darkroom/contracts';
import { Redis } from 'ioredis';

/** Facts from `INFO server`. */
export interface ServerInfo {
  /** "redis 7.0.15", "valkey 8.0.1". */
  readonly version: string;
  /** Tells our own child from another server that took the same port first. */
  readonly processId: number | undefined;
}

/** Asks the Redis at `url` (or the first of its guides) for PONG and for its name. Returns undefined if it does not answer or still loads its data. */
export async function findServerInfo(url: string, timeoutMs: number): Promise<ServerInfo | undefined> {
  const address = readRedisAddress(url);
  if ('problem' in address) return undefined;
  const { isTls, caFile, servername, host, port, db, guides } = address;
  const { username, password } = guides?.kind === 'sentinel' ? guides : address;
  const ca = caFile === undefined ? undefined : await readFile(caFile).catch(() => undefined);
  const client = new Redis({
    host,
    port,
    ...defined({ username, password }),
    ...(guides?.kind === 'sentinel' ? {} : { db }),
    ...(isTls ? { tls: defined({ ca, servername }) } : {}),
    lazyConnect: true,
    connectTimeout: timeoutMs,
    commandTimeout: timeoutMs,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    // ioredis keeps a timer of this length for a refused socket, and with it the process (6.0, `AbstractConnector`).
    disconnectTimeout: 100,
  });
  // Without a listener ioredis would print a refused connection, which is a normal result here.
  client.on('error', () => undefined);
  try {
    await client.connect();
    if ((await client.ping()) !== 'PONG') return undefined;
    return parseServerInfo(await client.info('server'));
  } catch {
    return undefined;
  } finally {
    client.disconnect();
  }
}

/** Reads the `name:value` lines of `INFO`. */
function parseServerInfo(info: string): ServerInfo {
  const fields = new Map(info.split(/\r?\n/).map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]));
  const name = fields.get('server_name') ?? 'redis';
  const version = fields.get(`${name}_version`) ?? fields.get('redis_version') ?? 'of unknown version';
  const processId = Number(fields.get('process_id'));
  return { version: `${name} ${version}`, processId: Number.isSafeInteger(processId) && processId > 0 ? processId : undefined };
}
