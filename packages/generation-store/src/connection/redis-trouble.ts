import { NewerFormatError } from '@darkroom/contracts';

/** Reasons why Redis cannot be used, stable words for logs and for `details.reason` of errors. */
export type RedisReason =
  | 'unknown-host'
  | 'refused'
  | 'unreachable'
  | 'tls'
  | 'unauthenticated'
  | 'no-permission'
  | 'wrong-database'
  | 'newer-format'
  | 'read-only'
  | 'full'
  | 'disk'
  | 'no-replicas'
  | 'loading'
  | 'busy'
  | 'cluster'
  | 'sentinel'
  | 'too-many-clients'
  | 'not-redis'
  | 'timeout'
  | 'silent'
  | 'closed'
  | 'unknown';

export interface RedisTrouble {
  readonly reason: RedisReason;
  /** The words of Redis, of the network or of ioredis, bounded and on one line. */
  readonly words: string;
  /** An operator's action, if it is more than the reason tells. */
  readonly cure?: string;
}

const MAX_WORDS = 300;

/**
 * Patterns of reasons; the first match holds. Redis puts an error name before its words. For a script the name stands inside the text
 * before version 7 (`ERR Error running script (…): @user_script:1: -READONLY You can't write …`), and before it since.
 */
const patterns: readonly (readonly [RegExp, RedisReason])[] = [
  [/(^|[\s:-])(READONLY|MASTERDOWN|UNBLOCKED) /, 'read-only'],
  [/(^|[\s:-])OOM /, 'full'],
  [/(^|[\s:-])MISCONF /, 'disk'],
  [/(^|[\s:-])NOREPLICAS /, 'no-replicas'],
  [/(^|[\s:-])LOADING /, 'loading'],
  [/(^|[\s:-])(BUSY|UNKILLABLE) /, 'busy'],
  [/(^|[\s:-])(MOVED|ASK|CLUSTERDOWN|CROSSSLOT|TRYAGAIN) |not allowed in cluster mode/i, 'cluster'],
  [/(^|[\s:-])NOPERM |ACL failure in script|The user executing the script can'?t|can'?t publish to the channel/i, 'no-permission'],
  [/(^|[\s:-])(NOAUTH|WRONGPASS) |invalid password|invalid username-password/i, 'unauthenticated'],
  // a sentinel has neither scripts nor data
  [/unknown command '?eval|knows no primary/i, 'sentinel'],
  [/DB index is out of range|invalid DB index/i, 'wrong-database'],
  [/max number of clients/i, 'too-many-clients'],
  [/ENOTFOUND|EAI_AGAIN|EAI_NODATA/, 'unknown-host'],
  [/ECONNREFUSED/, 'refused'],
  [/EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN|EADDRNOTAVAIL/, 'unreachable'],
  [/certificate|self.signed|CERT_|ERR_TLS|ERR_SSL|SSL routines|wrong version number|EPROTO|before secure TLS connection/i, 'tls'],
  [/Protocol error|Please report this|HTTP\/1/i, 'not-redis'],
  [/Socket timeout/, 'silent'],
  [/ETIMEDOUT|timed out|within \d+ ms/i, 'timeout'],
  [/ECONNRESET|EPIPE|ECONNABORTED|Connection is closed|isn't writeable|connection close|max retries per request/i, 'closed'],
];

/**
 * Names the trouble of a connection to Redis. An error that holds others, such as that of a transaction, counts as its first one with
 * words.
 */
export function redisTroubleOf(error: unknown): RedisTrouble {
  if (error instanceof NewerFormatError) return { reason: 'newer-format', words: error.message };
  const texts = textsOf(error);
  for (const text of texts) {
    const found = patterns.find(([pattern]) => pattern.test(text));
    // "max retries" and "closed" only say that no answer came; another text may say why.
    if (found !== undefined && found[1] !== 'closed') return { reason: found[1], words: wordsOf(text) };
  }
  const closed = texts.find((text) => /ECONNRESET|EPIPE|ECONNABORTED|closed|writeable|connection close|max retries/i.test(text));
  return { reason: closed === undefined ? 'unknown' : 'closed', words: wordsOf(closed ?? texts[0] ?? '') };
}

/** Names that mean a wrong node, or a node that forgot the login: the command ran nothing, and a new connection may work. */
const replaceable = /(^|[\s:-])(READONLY|MASTERDOWN|UNBLOCKED|LOADING|NOAUTH|MOVED|CLUSTERDOWN) /;

/** Returns true if a new connection may work where this one was refused. */
export const needsNewConnection = (error: unknown): boolean => textsOf(error).some((text) => replaceable.test(text));

/**
 * Returns the message and code of an error and of the errors inside it: causes, parts of an aggregate, and those that ioredis puts beside a
 * failed transaction.
 */
function textsOf(error: unknown, depth = 0): string[] {
  if (!(error instanceof Error) || depth > 4) return typeof error === 'string' ? [error.slice(0, 2000)] : [];
  const code = 'code' in error && typeof error.code === 'string' ? `${error.code} ` : '';
  // Bounded first: a pattern runs over it.
  const own = error.message.startsWith(code.trim()) ? error.message.slice(0, 2000) : `${code}${error.message}`.slice(0, 2000);
  const inner: unknown[] = [
    ...('previousErrors' in error && Array.isArray(error.previousErrors) ? error.previousErrors.slice(0, 3) : []),
    ...('errors' in error && Array.isArray(error.errors) ? error.errors.slice(0, 3) : []),
    ...('lastNodeError' in error ? [error.lastNodeError] : []),
    ...(error.cause === undefined ? [] : [error.cause]),
  ];
  return [own, ...inner.flatMap((each) => textsOf(each, depth + 1))];
}

const wordsOf = (text: string): string => {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > MAX_WORDS ? `${line.slice(0, MAX_WORDS)}…` : line;
};

/**
 * Names with which Redis refuses before it runs a command, and inside a script only before its first write (Redis 7.0,
 * `scriptVerifyWriteCommandAllow`).
 */
const ranNothingNames =
  /(^|[\s:-])(READONLY|MASTERDOWN|OOM|MISCONF|NOREPLICAS|LOADING|BUSY|UNKILLABLE|MOVED|ASK|CLUSTERDOWN|CROSSSLOT|TRYAGAIN|NOAUTH|WRONGPASS) /;
const neverSent = /isn't writeable|unknown command '?eval/i;
const refusedRight = /(^|[\s:-])NOPERM /;
/** Returns true if Redis refused a command because its user has no right to it. */
export const isRefusedRight = (error: unknown): boolean => error instanceof Error && refusedRight.test(error.message.slice(0, 2000));
/** Pattern of a right that Redis misses in the middle of a script, after earlier writes of it. */
const insideScript = /script: |user_script|executing the script|ACL failure in script/;

/** A command that waited in this process, and never left it. Its words say why. */
export class NotSentError extends Error {}

/** Returns true if a command with this error has changed nothing, if it was sent once. */
export function ranNothing(error: unknown): boolean {
  if (error instanceof NotSentError) return true;
  if (!(error instanceof Error) || ('previousErrors' in error && Array.isArray(error.previousErrors))) return false;
  const text = error.message.slice(0, 2000);
  return ranNothingNames.test(text) || neverSent.test(text) || (refusedRight.test(text) && !insideScript.test(text));
}
