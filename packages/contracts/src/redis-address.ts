import { withoutBrackets } from './network-address.ts';

/** Host and port of a server. */
export interface RedisHost {
  readonly host: string;
  readonly port: number;
}

/** Servers that know the primary: sentinels, or nodes of a cluster. */
export type RedisGuides =
  | {
      readonly kind: 'sentinel';
      readonly hosts: readonly RedisHost[];
      /** Name that the sentinels have for the primary. */
      readonly name: string;
      /** Login of the sentinels, which is not that of Redis. */
      readonly username?: string;
      readonly password?: string;
    }
  | { readonly kind: 'cluster'; readonly hosts: readonly RedisHost[] };

/** Address of a Redis as fields for a client. Given the text, a client would obey its query and guess at its path. */
export interface RedisAddress extends RedisHost {
  readonly db: number;
  readonly isTls: boolean;
  readonly username?: string;
  readonly password?: string;
  /** File with the certificates of the authorities to trust, in PEM. */
  readonly caFile?: string;
  /** Name in the certificate, if it is another than the host. */
  readonly servername?: string;
  /** Present if several servers are named; `host` and `port` are those of the first one. */
  readonly guides?: RedisGuides;
}

/** Form of a Redis address, to follow "must be". */
export const REDIS_ADDRESS_RULE = 'a URL that starts with redis://, rediss://, redis-sentinel:// or redis-cluster://';

type Problem = { readonly problem: string };

const DEFAULT_PORT = 6379;
const DEFAULT_SENTINEL_PORT = 26_379;
/** A host name has at most 253 characters; user and password have hundreds at most, each up to nine in percent-encoded UTF-8. */
const MAX_LENGTH = 4096;
const hostName = /^[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9_.])?$/;
const databasePath = /^(?:\/\d{0,5})?$/;
const parts = /^(rediss?)(-sentinel|-cluster)?:\/\/([^/?]*)([^?]*)(?:\?(.*))?$/i;
const sentinelPath = /^\/([A-Za-z0-9._-]{1,128})(\/\d{0,5})?$/;
const settingNames = ['ca', 'servername', 'sentinel-user', 'sentinel-password'] as const;

/**
 * Reads the address of a Redis. `redis://user:password@host:6379/0` names one server, `redis-sentinel://user:password@host,host,host/<name>` the
 * sentinels of a primary, `redis-cluster://user:password@host,host,host` nodes of a cluster; each with TLS as `rediss…`. A query may hold
 * `ca=<file>` and `servername=<name>` for TLS, `sentinel-user=` and `sentinel-password=` for sentinels that ask for a login. Ignores
 * blanks around it.
 * @returns otherwise a problem that begins with "must" and repeats no part of the text, which may hold a password.
 */
export function readRedisAddress(text: unknown): RedisAddress | Problem {
  if (typeof text !== 'string') return { problem: `must be ${REDIS_ADDRESS_RULE}` };
  const trimmed = text.length > 2 * MAX_LENGTH ? text : text.trim();
  if (trimmed.length > MAX_LENGTH) return { problem: `must have at most ${MAX_LENGTH} characters` };
  const [, scheme, kind, authority = '', path = '', query] = parts.exec(trimmed) ?? [];
  if (scheme === undefined) return { problem: `must be ${REDIS_ADDRESS_RULE}` };
  // A URL parser silently drops line breaks and tabs.
  if (/[\s\p{Cc}\\]/u.test(trimmed)) return { problem: 'must have no blank, line break or backslash in it' };
  if (trimmed.includes('#')) return { problem: 'must have no query of other names and no fragment; write "#" in a password as %23' };
  const settings = query === undefined ? {} : readSettings(query, scheme.toLowerCase() === 'rediss', kind?.toLowerCase());
  if ('problem' in settings) return settings;
  const { 'sentinel-user': sentinelUser, 'sentinel-password': sentinelPassword, ca: caFile, servername } = settings;
  const tls = { ...(caFile === undefined ? {} : { caFile }), ...(servername === undefined ? {} : { servername }) };
  if (kind === undefined) {
    const server = readServer(scheme, authority, path, DEFAULT_PORT);
    return 'problem' in server ? server : { ...server, ...tls };
  }
  const isCluster = kind.toLowerCase() === '-cluster';
  const [, name = '', database = ''] = isCluster ? [] : (sentinelPath.exec(path) ?? []);
  if (isCluster && !/^\/?0?$/.test(path)) return { problem: 'must end after the hosts: a cluster has the database 0 alone' };
  if (!isCluster && name === '')
    return {
      problem:
        'must end with the name that the sentinels have for the primary, such as /mymaster, and may end with a database: /mymaster/0',
    };
  const servers = readServers(scheme, authority, database, isCluster ? DEFAULT_PORT : DEFAULT_SENTINEL_PORT);
  if ('problem' in servers) return servers;
  const [first] = servers;
  if (first === undefined) return { problem: `must be ${REDIS_ADDRESS_RULE}` };
  const hosts = servers.map(({ host, port }) => ({ host, port }));
  const login = {
    ...(sentinelUser === undefined ? {} : { username: sentinelUser }),
    ...(sentinelPassword === undefined ? {} : { password: sentinelPassword }),
  };
  return { ...first, ...tls, guides: isCluster ? { kind: 'cluster', hosts } : { kind: 'sentinel', hosts, name, ...login } };
}

/** Reads the hosts of one login. */
function readServers(scheme: string, authority: string, path: string, defaultPort: number): RedisAddress[] | Problem {
  const login = authority.slice(0, authority.lastIndexOf('@') + 1);
  const servers: RedisAddress[] = [];
  for (const host of authority.slice(login.length).split(',')) {
    const server = readServer(scheme, `${login}${host}`, path, defaultPort);
    if ('problem' in server) return server;
    if (servers.some((each) => each.host === server.host && each.port === server.port)) return { problem: 'must name each host once' };
    servers.push(server);
  }
  return servers;
}

function readServer(scheme: string, authority: string, path: string, defaultPort: number): RedisAddress | Problem {
  let url: URL;
  try {
    url = new URL(`${scheme}://${authority}`);
  } catch {
    return {
      problem: 'must have a host, and a port from 1 to 65535 if it has one; write ":", "/" and "@" in a password as %3A, %2F and %40',
    };
  }
  // Reads the path from the text: in a parsed URL "/../1" has become "/1".
  if (!databasePath.test(path)) {
    return { problem: 'must end after the host, or with a slash and the number of a database, such as /0' };
  }
  if (url.hostname.includes(','))
    return { problem: 'must have a host, and one alone: redis-sentinel:// and redis-cluster:// take several' };
  // The URL parser has checked the part in brackets.
  if (!url.hostname.startsWith('[') && !hostName.test(url.hostname))
    return { problem: 'must have a host: a name, an IPv4 address, or an IPv6 address in brackets' };
  if (url.port !== '' && Number(url.port) === 0) return { problem: 'must have a port from 1 to 65535, or none' };
  const username = decode(url.username);
  const password = decode(url.password);
  if (username === undefined || password === undefined) {
    return { problem: 'must have user and password in percent-encoding; write "%" in a password as %25' };
  }
  if (username !== '' && password === '') return { problem: 'must have a password with its user' };
  return {
    host: withoutBrackets(url.hostname),
    port: url.port === '' ? defaultPort : Number(url.port),
    db: Number(path.slice(1)),
    isTls: scheme.toLowerCase() === 'rediss',
    ...(username === '' ? {} : { username }),
    ...(password === '' ? {} : { password }),
  };
}

type Settings = { readonly [Name in (typeof settingNames)[number]]?: string };

/** Reads the query of an address of Redis. It may hold only the settings in `settingNames`. */
function readSettings(query: string, isTls: boolean, kind: string | undefined): Settings | Problem {
  const settings: { [Name in (typeof settingNames)[number]]?: string } = {};
  for (const pair of query.split('&')) {
    const at = pair.indexOf('=');
    const name = settingNames.find((known) => known === pair.slice(0, Math.max(at, 0)));
    if (name === undefined)
      return { problem: `must have no query but ${settingNames.map((known) => `${known}=`).join(', ')}; write "?" in a password as %3F` };
    const value = decode(pair.slice(at + 1));
    if (value === undefined || value === '' || settings[name] !== undefined)
      return { problem: `must have one ${name}= in its query, with a value in percent-encoding` };
    if ((name === 'ca' || name === 'servername') && !isTls) return { problem: `must start with rediss to have ${name}= in its query` };
    if (name.startsWith('sentinel-') && kind !== '-sentinel')
      return { problem: `must start with redis-sentinel:// or rediss-sentinel:// to have ${name}= in its query` };
    settings[name] = value;
  }
  if (settings['sentinel-user'] !== undefined && settings['sentinel-password'] === undefined)
    return { problem: 'must have sentinel-password= with sentinel-user= in its query' };
  if (settings.servername !== undefined && !hostName.test(settings.servername)) return { problem: 'must have a host name as servername=' };
  return settings;
}

/** Decodes percent-encoding once. */
function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
