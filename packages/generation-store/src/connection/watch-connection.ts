import type { Redis } from 'ioredis';
import { aliveKey } from '../keys.ts';
import type { RedisProcess } from '../rights/redis-rights.ts';
import { watchRights } from '../rights/watch-rights.ts';
import { aliveScript } from './alive.ts';
import { findConnectTrouble } from './find-connect-trouble.ts';
import { createLeaveOldNode } from './leave-old-node.ts';
import { redisTroubleOf, type RedisTrouble } from './redis-trouble.ts';
import { watchAttempts } from './watch-attempts.ts';

/** State of a connection. */
export type ConnectionState =
  | { readonly kind: 'connecting'; readonly since: number }
  | { readonly kind: 'usable'; readonly since: number }
  | { readonly kind: 'lost'; readonly since: number; readonly trouble: RedisTrouble };

export interface WatchConnectionOptions {
  /** Key prefix of the store. */
  readonly prefix: string;
  /** "write" for a process that changes entries: it is usable once a write works. "ping" for one that must not write unasked. */
  readonly look: 'write' | 'ping';
  /** Process with the rights that the user must have; absent: rights are not checked. */
  readonly process?: RedisProcess;
  /** Time between two looks, in milliseconds. Defaults to 3000. */
  readonly everyMs?: number;
  /** Called on each change: lost, another cause, usable. */
  readonly onChange?: (state: ConnectionState, before: ConnectionState) => void;
}

/** Watches a connection: if it is usable, since when, and why not. */
export interface ConnectionWatch {
  state(): ConnectionState;
  /** Returns the rights that the user lacks, or why they cannot be checked; undefined if it has them all. Waits for a check under way. */
  rightsTrouble(): Promise<RedisTrouble | undefined>;
  /**
   * Makes sure that Redis takes a write (or answers) now.
   * @throws Error that names the reason.
   */
  check(): Promise<void>;
  /** Resolves once the connection is usable. Rejects if the watch is closed before that. */
  untilUsable(): Promise<void>;
  /** Stops watching; the caller keeps the connection. */
  close(): void;
}

/** Limit of one look; less than the second of a readiness check. */
const LOOK_LIMIT_MS = 900;
/** Time for which an answer holds: several callers may ask for readiness at once. */
const FRESH_MS = 500;
/** Silence after which a connection is reported as silent. */
const SILENT_AFTER_MS = 2500;
/** Number of looks between two checks of where new connections lead. */
const LOOKS_PER_NODE_CHECK = 2;
/**
 * Number of looks between two checks of rights, because an operator may change them. Each new connection and each refused command cause one
 * too.
 */
const LOOKS_PER_RIGHTS_CHECK = 20;
/** Life of the key, a little longer than the time between two looks. */
const ALIVE_SECONDS = 60;

/**
 * Looks at a connection regularly, even an unused one: a demoted node answers PING and reads, the kernel of a frozen one acknowledges
 * packets, and one that lost its address goes on as before. The looks let ioredis notice silence (`socketTimeout`) and refusal
 * (`reconnectOnError`). Every few seconds a fresh connection shows if the address leads to another primary by now.
 */
export function watchConnection(
  redis: Redis,
  { prefix, look, process, everyMs = 3000, onChange }: WatchConnectionOptions,
): ConnectionWatch {
  let state: ConnectionState = { kind: 'connecting', since: performance.now() };
  let looking: Promise<void> | undefined;
  let answeredAt = -Infinity;
  let looks = 0;
  let deniedAt = -Infinity;
  let wasDenied = false;
  let lastTrouble: RedisTrouble | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  const rights = watchRights(redis, process, prefix);
  const waiting = new Set<{ resolve: () => void; reject: (reason: Error) => void }>();

  const move = (next: ConnectionState): void => {
    const before = state;
    if (
      isClosed ||
      (before.kind === next.kind && (next.kind !== 'lost' || before.kind !== 'lost' || sameCause(before.trouble, next.trouble)))
    )
      return;
    // The same loss with another cause began when the loss began.
    state = next.kind === 'lost' && before.kind === 'lost' ? { ...next, since: before.since } : next;
    onChange?.(state, before);
    if (state.kind === 'usable') for (const { resolve } of waiting) resolve();
  };
  const lose = (trouble: RedisTrouble): void => {
    // A closed connection is no news beside the reason why no new one opens; `watchAttempts` sees attempts that end so.
    if (trouble.reason === 'closed' && state.kind === 'lost') return;
    move({ kind: 'lost', since: performance.now(), trouble });
  };
  const tellNewest = (trouble: RedisTrouble): void => {
    lastTrouble = trouble;
    move({ kind: 'lost', since: performance.now(), trouble });
  };
  const endAttempts = watchAttempts(redis, tellNewest);

  const ask = async (): Promise<void> => {
    const lacking = await rights.trouble();
    if (lacking !== undefined) {
      lose(lacking);
      throw new Error(lacking.words);
    }
    const asked = look === 'write' ? aliveScript.run(redis, aliveKey(prefix), [prefix, ALIVE_SECONDS]) : redis.ping();
    asked.catch(() => undefined); // it may end long after it was given up
    let late: NodeJS.Timeout | undefined;
    const silence = new Promise<never>((_resolve, reject) => {
      late = setTimeout(() => reject(new Error(`no answer within ${LOOK_LIMIT_MS} ms`)), LOOK_LIMIT_MS);
    });
    try {
      await Promise.race([asked, silence]);
    } catch (error) {
      const trouble = redisTroubleOf(error);
      // A command with endless retries does not end: trouble that it met is a better reason than its delay.
      lose(trouble.reason === 'timeout' && lastTrouble !== undefined ? lastTrouble : trouble);
      throw error;
    } finally {
      clearTimeout(late);
    }
    answeredAt = performance.now();
    lastTrouble = undefined;
    move({ kind: 'usable', since: answeredAt });
  };
  const lookOnce = (): Promise<void> => {
    looking ??= ask().finally(() => (looking = undefined));
    return looking;
  };

  const leaveOldNode = createLeaveOldNode(redis, prefix, {
    process,
    isOver: () => isClosed,
    onLeave: (words) => lose({ reason: 'read-only', words }),
  });

  /** Finds why an open connection is not ready: Redis loads its data, or another reason. */
  async function askWhyNotReady(): Promise<void> {
    const trouble = await findConnectTrouble(redis);
    if (trouble !== undefined && !isClosed && redis.status === 'connect') tellNewest(trouble);
  }

  const schedule = (afterMs: number): void => {
    clearTimeout(timer);
    if (isClosed) return;
    timer = setTimeout(() => {
      if (redis.status === 'ready') {
        looks += 1;
        const isNodeCheck = looks % LOOKS_PER_NODE_CHECK === 0;
        if (state.kind === 'lost') rights.ask();
        else if (wasDenied || looks % LOOKS_PER_RIGHTS_CHECK === 0) rights.askAgain();
        wasDenied = false;
        void lookOnce()
          .then(() => (isNodeCheck ? leaveOldNode() : undefined))
          .catch(() => undefined);
      } else if (state.kind !== 'lost' && performance.now() - state.since > SILENT_AFTER_MS) {
        lose(lastTrouble ?? { reason: 'silent', words: `no answer for ${Math.round((performance.now() - state.since) / 1000)} s` });
      }
      if (redis.status === 'connect') void askWhyNotReady();
      schedule(everyMs);
    }, afterMs);
    timer.unref();
  };

  const onError = (error: unknown): void => {
    lastTrouble = redisTroubleOf(error);
    lose(lastTrouble);
  };
  const onReady = (): void => {
    rights.ask();
    void lookOnce().catch(() => undefined);
  };
  // One check of all rights for any number of refused commands; later refusals wait for the next look.
  const onDenied = (): void => {
    if (!wasDenied && performance.now() - deniedAt > everyMs) {
      deniedAt = performance.now();
      rights.askAgain();
      void lookOnce().catch(() => undefined);
    } else wasDenied = true;
  };
  const onReconnecting = (): void => lose(lastTrouble ?? { reason: 'closed', words: 'the connection was closed' });
  const onEnd = (): void => close();
  const close = (): void => {
    isClosed = true;
    clearTimeout(timer);
    endAttempts();
    for (const { reject } of waiting) reject(new Error('redis is not watched any more'));
    redis
      .off('error', onError)
      .off('refused', onError)
      .off('denied', onDenied)
      .off('ready', onReady)
      .off('reconnecting', onReconnecting)
      .off('end', onEnd);
  };
  redis
    .on('error', onError)
    .on('refused', onError)
    .on('denied', onDenied)
    .on('ready', onReady)
    .on('reconnecting', onReconnecting)
    .on('end', onEnd);
  if (redis.status === 'ready') onReady();
  schedule(everyMs);

  return {
    state: () => state,
    rightsTrouble: () => rights.trouble(),
    async check() {
      if (redis.status !== 'ready') throw new Error(describeState(state));
      if (state.kind === 'usable' && performance.now() - answeredAt < FRESH_MS) return;
      await lookOnce();
    },
    async untilUsable() {
      if (state.kind === 'usable') return;
      if (isClosed) throw new Error('redis is not watched any more');
      const { promise, ...settle } = withResolvers();
      waiting.add(settle);
      await promise.finally(() => waiting.delete(settle));
    },
    close,
  };
}

function withResolvers(): { promise: Promise<void>; resolve: () => void; reject: (reason: Error) => void } {
  let [resolve, reject]: [() => void, (reason: Error) => void] = [() => undefined, () => undefined];
  const promise = new Promise<void>((...settle) => ([resolve, reject] = settle));
  return { promise, resolve, reject };
}

const sameCause = (a: RedisTrouble, b: RedisTrouble): boolean =>
  // An operator that adds rights one by one sees the missing ones.
  a.reason === b.reason && (a.cure === undefined || a.words === b.words);

const describeState = (state: ConnectionState): string =>
  state.kind === 'lost' ? `${state.trouble.reason}: ${state.trouble.words}` : 'not connected yet';
