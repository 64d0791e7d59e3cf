import { DarkroomError, defined, QueueUnavailableError, type Reached } from '@darkroom/contracts';
import {
  needsNewConnection,
  NotSentError,
  ranNothing,
  redisTroubleOf,
  type ConnectionWatch,
  type RedisTrouble,
} from '@darkroom/generation-store';
import type { Redis } from 'ioredis';

/** Longest wait for a connection: the caller learns within a second that Redis is away. */
const READY_WITHIN_MS = 800;

/** Longest wait of a call for the check of its user's rights, once on each connection; on a slow connection the call continues without it. */
const RIGHTS_WITHIN_MS = 2000;

export interface AskOptions {
  /** For a step after a write of the same call, when "nothing was sent" would be false: what is written, and what the caller does then. */
  readonly after?: string | undefined;
  /** For a call that writes, and concerns no generation: what the caller does if it may have arrived. */
  readonly maybe?: string | undefined;
}

/** Makes calls to a Redis that may be away. */
export interface Availability {
  /**
   * Runs a call; the error of a failure says if the call may have arrived.
   * @param what The action in words for the message: "read generation".
   * @param generationId The generation that it concerns, if it is one.
   * @param call One round trip, which may wait for others first. Repeated once if the connection closed before it was sent, or if a node refused
   * it because it is not the primary (any more): both ran nothing.
   * @throws QueueUnavailableError if Redis is away or refuses, or this was closed; any DarkroomError of `call` otherwise.
   */
  ask<T>(what: string, generationId: string | undefined, call: () => Promise<T>, options?: AskOptions): Promise<T>;
  /** Refuses all calls that wait for Redis, and all later ones. */
  close(): void;
}

/** @param redis A connection that fails fast; its caller closes it. @param watch Knows why Redis is away. */
export function createAvailability(redis: Redis, watch: Pick<ConnectionWatch, 'state' | 'rightsTrouble'>): Availability {
  let isClosed = false;
  let giveUp: () => void = () => undefined;
  let waiting: Promise<void> | undefined;
  let closes = 0;
  redis.on('close', () => (closes += 1));

  /** Waits a moment for the connection: this may be the first call, or Redis may be coming back. Concurrent calls share one wait. */
  const waitUntilReady = (): Promise<void> => {
    waiting ??= new Promise<void>((resolve) => {
      giveUp = () => {
        clearTimeout(timer);
        redis.off('ready', giveUp);
        waiting = undefined;
        resolve();
      };
      const timer = setTimeout(giveUp, READY_WITHIN_MS);
      redis.once('ready', giveUp);
    });
    return waiting;
  };

  let last: { check: Promise<RedisTrouble | undefined>; lacking: RedisTrouble | undefined } | undefined;
  /** Returns the missing right, if any. The check has ended in all but the first milliseconds of a connection. */
  const rightsTrouble = (): RedisTrouble | undefined | Promise<RedisTrouble | undefined> => {
    const check = watch.rightsTrouble();
    // Every call comes through here: one that has ended costs no timer.
    if (last?.check === check) return last.lacking;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), RIGHTS_WITHIN_MS);
    });
    const ended = check.then((lacking) => {
      last = { check, lacking };
      return lacking;
    });
    return Promise.race([ended, late]).finally(() => clearTimeout(timer));
  };

  /** Returns true if a server took the connection and does not answer as TLS does: it may speak plain Redis. */
  const isInHandshake = (): boolean =>
    redis.options.tls !== undefined &&
    redis.status === 'connecting' &&
    (redis.stream as { connecting?: boolean } | undefined)?.connecting === false; // a socket, once it is made

  /** Returns why Redis is away: the error of the call, or, if that gives no reason, the trouble of the connection since. */
  const troubleOf = (error?: unknown): RedisTrouble => {
    const state = watch.state();
    const met = error === undefined ? undefined : redisTroubleOf(error);
    if (met !== undefined && !WITHOUT_REASON.has(met.reason)) return met;
    if (state.kind === 'lost') return state.trouble;
    return met ?? (isInHandshake() ? NO_HANDSHAKE : { reason: 'timeout', words: 'no connection yet' });
  };

  return {
    async ask(what, generationId, call, { after, maybe = generationId === undefined ? UNCHANGED : MAYBE } = {}) {
      const unavailable = (reached: Reached, trouble: RedisTrouble | undefined): QueueUnavailableError =>
        new QueueUnavailableError(
          `could not ${what}${generationId === undefined ? '' : ` "${generationId}"`}: ${trouble === undefined ? 'this producer is closed' : phraseOf(trouble)}; ${
            after ?? (reached === 'no' ? 'nothing was sent' : `it may have arrived, and ${maybe}`)
          }`,
          {
            reached: after === undefined ? reached : 'maybe',
            ...defined({ generationId }),
            details: { reason: trouble?.reason ?? 'producer-closed' },
            // Not the error itself: its command's arguments hold the request.
            ...defined({ cause: trouble && new Error(trouble.cure === undefined ? trouble.words : `${trouble.words}; ${trouble.cure}`) }),
          },
        );
      for (let attempt = 1; ; attempt += 1) {
        if (!isClosed && redis.status !== 'ready') await waitUntilReady();
        if (isClosed) throw unavailable('no', undefined);
        if (redis.status !== 'ready') throw unavailable('no', troubleOf());
        const lacking = await rightsTrouble();
        if (isClosed) throw unavailable('no', undefined);
        if (lacking?.reason === 'no-permission') throw unavailable('no', lacking);
        const closesBefore = closes;
        try {
          return await call();
        } catch (error) {
          if (error instanceof DarkroomError) throw error;
          // After a close ioredis sends a command again: the first one may have arrived, whatever the outcome of the second.
          const wasSentOnce = error instanceof NotSentError || closes === closesBefore;
          const isRefusedByNode = needsNewConnection(error) || /isn't writeable/.test(error instanceof Error ? error.message : '');
          if (isRefusedByNode && wasSentOnce && attempt === 1) {
            if (!isClosed) await waitUntilReady();
            continue;
          }
          throw unavailable(wasSentOnce && ranNothing(error) ? 'no' : 'maybe', troubleOf(error));
        }
      }
    },
    close() {
      isClosed = true;
      giveUp();
    },
  };
}

const NO_HANDSHAKE: RedisTrouble = {
  reason: 'tls',
  words:
    'the server took the connection and does not answer the TLS handshake: it may speak plain redis, whose address begins with "redis:"',
};

/** Reasons without information beyond a missing answer. */
const WITHOUT_REASON: ReadonlySet<string> = new Set(['closed', 'timeout', 'unknown']);

const UNCHANGED = 'changes nothing';
const MAYBE = 'calling again with the same generationId is safe';
/** The entry of a generation is written, and its jobs are not. */
export const ENTRY_WRITTEN = 'its entry is written and its jobs may be missing: call again with the same generationId, which is safe';

/** Returns the words for the message; Redis's own words are in the cause. */
const phraseOf = ({ reason }: RedisTrouble): string => {
  const phrase = phrases[reason];
  return phrase ?? `redis does not answer (${reason})`;
};

const phrases: Readonly<Record<string, string>> = {
  unauthenticated: 'redis refuses the login',
  'no-permission': 'the redis user lacks a right',
  'wrong-database': 'redis does not have the database',
  'read-only': 'a read-only redis replica answers',
  full: 'redis is full',
  disk: 'redis cannot write to its disk',
  'no-replicas': 'redis lacks the replicas that it must write to',
  loading: 'redis is still loading its data',
  busy: 'redis is busy with a script',
  cluster: 'a node of a redis cluster answers',
  sentinel: 'a redis sentinel answers',
  'too-many-clients': 'redis accepts no more connections',
  'not-redis': 'the server at the address is not redis',
  'unknown-host': 'the host of redis cannot be resolved',
  refused: 'nothing listens at the address of redis',
  unreachable: 'the host of redis cannot be reached',
  tls: 'the TLS handshake with redis failed',
  silent: 'redis does not answer on an open connection',
};
