import type { Redis } from 'ioredis';
import { aliveKey } from '../keys.ts';
import type { RedisProcess } from '../rights/redis-rights.ts';
import { watchRights } from '../rights/watch-rights.ts';
import { aliveScript } from './alive.ts';
import { replaceFamily } from './connection-family.ts';
import { findConnectTrouble } from './find-connect-trouble.ts';
import { findOtherNode, readNode } from './find-other-node.ts';
import { redisTroubleOf, type RedisTrouble } from './redis-trouble.ts';
import { watchAttempts } from './watch-attempts.ts';

/** What a connection is good for at the moment. */
export type ConnectionState =
  | { readonly kind: 'connecting'; readonly since: number }
  | { readonly kind: 'usable'; readonly since: number }
  | { readonly kind: 'lost'; readonly since: number; readonly trouble: RedisTrouble };

export interface WatchConnectionOptions {
  /** Key prefix of the store. */
  readonly prefix: string;
  /** "write" for a process that changes entries: it is usable when a write works. "ping" for one that must not write unasked. */
  readonly look: 'write' | 'ping';
  /** Whose rights its user must have to be usable; absent: they are not asked for. */
  readonly process?: RedisProcess;
  /** How often it is looked at, in milliseconds. Defaults to 3000. */
  readonly everyMs?: number;
  /** Called on each change: lost, another cause, usable. */
  readonly onChange?: (state: ConnectionState, before: ConnectionState) => void;
}

/** Watches a connection: whether it is usable, since when, and why not. */
export interface ConnectionWatch {
  state(): ConnectionState;
  /** The rights that the user lacks, or why they cannot be asked for; undefined when it has them all. Waits while they are asked for. */
  rightsTrouble(): Promise<RedisTrouble | undefined>;
  /** Makes sure that Redis takes a write (or answers) now. @throws Error that names why not. */
  check(): Promise<void>;
  /** Resolves once the connection is usable. Rejects when the watch is closed before that. */
  untilUsable(): Promise<void>;
  /** Stops watching; the connection stays its caller's. */
  close(): void;
}

/** Under the second that a readiness check has. */
const LOOK_LIMIT_MS = 900;
/** An answer is good for so long: readiness may be asked by many. */
const FRESH_MS = 500;
/** A connection that says nothing for so long is told as silent. */
const SILENT_AFTER_MS = 2500;
/** Where new connections lead is looked at each so many looks. */
const LOOKS_PER_NODE_CHECK = 2;
/** Rights are looked at once on each connection, when a command is refused, and again each so many looks: an operator may change them. */
const LOOKS_PER_RIGHTS_CHECK = 20;
/** An address that leads to two primaries in turn must not be stormed. */
const REPLACED_AT_MOST_EVERY_MS = 30_000;
/** The key lives a while longer than the time between two looks. */
const ALIVE_SECONDS = 60;

/**
 * Looks at a connection all the time, also at one that nothing uses: a node that was demoted answers PING and reads, a frozen one is
 * acknowledged by its kernel, and one that lost its address goes on as if nothing had happened. The looks themselves make ioredis
 * notice silence (`socketTimeout`) and refusal (`reconnectOnError`); and every few seconds a fresh connection shows whether the
 * address leads to another primary by now.
 */
export function watchConnection(
  redis: Redis,
  { prefix, look, process, everyMs = 3000, onChange }: WatchConnectionOptions,
): ConnectionWatch {
  let state: ConnectionState = { kind: 'connecting', since: performance.now() };
  let looking: Promise<void> | undefined;
  let answeredAt = -Infinity;
  let looks = 0;
  let replacedAt = -Infinity;
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
    // That a line was closed is no news beside why it cannot be had again; attempts that end so are watched by themselves.
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
      const met = redisTroubleOf(error);
      const trouble: RedisTrouble = /unknown command '?eval/i.test(met.words) ? { ...met, reason: 'sentinel' } : met;
      // A patient command is sent again and again and does not end: what it met meanwhile says more than that it is late.
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

  async function leaveOldNode(): Promise<void> {
    if (performance.now() - replacedAt < REPLACED_AT_MOST_EVERY_MS) return;
    const own = await readNode(redis, prefix, process);
    const other = await findOtherNode(redis, prefix, own, process);
    if (other === undefined || isClosed) return;
    replacedAt = performance.now();
    lose({ reason: 'read-only', words: `the address leads to another server by now: ${other.run} instead of ${own.run}` });
    replaceFamily(redis);
  }

  /** Redis loads its data, or another reason keeps an open connection from being ready. */
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
  // One look at all rights for any number of commands that were refused: the next ones wait for the next look.
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
  // An operator who gives rights one by one is told what is still missing.
  a.reason === b.reason && (a.cure === undefined || a.words === b.words);

const describeState = (state: ConnectionState): string =>
  state.kind === 'lost' ? `${state.trouble.reason}: ${state.trouble.words}` : 'not connected yet';
