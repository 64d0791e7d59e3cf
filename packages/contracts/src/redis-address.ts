import { withoutBrackets } from './network-address.ts';

/** Address of a Redis as fields for a client. Given the text, a client would obey its query and guess at its path. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly db: number;
  readonly isTls: boolean;
  readonly username?: string;
  readonly password?: string;
}

/** Form of a Redis address, to follow "must be". */
export const REDIS_ADDRESS_RULE = 'a URL that starts with redis:// or rediss://';

const DEFAULT_PORT = 6379;
/** A host name has at most 253 characters; user and password have hundreds at most, each up to nine in percent-encoded UTF-8. */
const MAX_LENGTH = 4096;
const hostName = /^[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9_.])?$/;
const databasePath = /^(?:\/\d{0,5})?$/;

/**
 * Reads the address of a Redis: `redis://user:password@host:6379/0`, or `rediss://` for TLS. Ignores blanks around it.
 * @returns otherwise a problem that begins with "must" and repeats no part of the text, which may hold a password.
 */
export function readRedisAddress(text: unknown): RedisAddress | { readonly problem: string } {
  if (typeof text !== 'string') return { problem: `must be ${REDIS_ADDRESS_RULE}` };
  const trimmed = text.length > 2 * MAX_LENGTH ? text : text.trim();
  if (trimmed.length > MAX_LENGTH) return { problem: `must have at most ${MAX_LENGTH} characters` };
  if (!/^rediss?:\/\//i.test(trimmed)) return { problem: `must be ${REDIS_ADDRESS_RULE}` };
  // A URL parser silently drops line breaks and tabs.
  if (/[\s\p{Cc}\\]/u.test(trimmed)) return { problem: 'must have no blank, line break or backslash in it' };
  if (/[?#]/.test(trimmed)) {
    return { problem: 'must have no query and no fragment; write "?" and "#" in a password as %3F and %23' };
  }
  let url: URL;
  try {
    url = new URL(trimmed);
  } catch {
    return {
      problem: 'must have a host, and a port from 1 to 65535 if it has one; write ":", "/" and "@" in a password as %3A, %2F and %40',
    };
  }
  // Reads the path from the text: in the parsed URL "/../1" has become "/1".
  if (!databasePath.test(trimmed.replace(/^[a-z]+:\/\/[^/]*/i, ''))) {
    return { problem: 'must end after the host, or with a slash and the number of a database, such as /0' };
  }
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
    port: url.port === '' ? DEFAULT_PORT : Number(url.port),
    db: Number(url.pathname.slice(1)),
    isTls: url.protocol === 'rediss:',
    ...(username === '' ? {} : { username }),
    ...(password === '' ? {} : { password }),
  };
}

/** Decodes percent-encoding once. */
function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
