import { DarkroomError, QueueUnavailableError, type Reached } from '@darkroom/contracts';
import { needsNewConnection, ranNothing, redisTroubleOf, type ConnectionWatch, type RedisTrouble } from '@darkroom/generation-store';
import type { Redis } from 'ioredis';

/** A caller is told within a second that Redis is away. */
const READY_WITHIN_MS = 800;

/** A call waits so long for the look at the rights of its user, once on each connection; on a slow line it goes on without. */
const RIGHTS_WITHIN_MS = 2000;

export interface AskOptions {
  /** Set for the second step of an order: something was written already, so "no" would be false. */
  readonly followsWrite?: boolean;
}

/** Makes calls against a Redis that may be away. */
export interface Availability {
  /**
   * Runs a call so that its failure says whether it may have arrived.
   * @param what What is done, as words for the message: "read generation".
   * @param call One round trip. It is made again, once, if a node refused it that is not the primary (any more): that ran nothing.
   * @throws QueueUnavailableError when Redis is away or refuses, or this was closed; whatever `call` throws of our own otherwise.
   */
  ask<T>(what: string, generationId: string, call: () => Promise<T>, options?: AskOptions): Promise<T>;
  /** Refuses the calls that wait for Redis, and all later ones. */
  close(): void;
}

/** @param redis A connection that fails fast; stays its caller's to close. @param watch Knows why it is away. */
export function createAvailability(redis: Redis, watch: Pick<ConnectionWatch, 'state' | 'rightsTrouble'>): Availability {
  let isClosed = false;
  let giveUp: () => void = () => undefined;
  let waiting: Promise<void> | undefined;
  let closes = 0;
  redis.on('close', () => (closes += 1));

  /** Waits a moment for the connection: it may be the first call, or Redis may be coming back. Calls at once wait together. */
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

  /** The look is over in all but the first milliseconds of a connection. */
  const rightsTrouble = async (): Promise<RedisTrouble | undefined> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), RIGHTS_WITHIN_MS);
    });
    return Promise.race([watch.rightsTrouble(), late]).finally(() => clearTimeout(timer));
  };

  /** Why Redis is away: what the call met, or, where that says nothing, what the connection has met since. */
  const troubleOf = (error?: unknown): RedisTrouble => {
    const state = watch.state();
    const met = error === undefined ? undefined : redisTroubleOf(error);
    if (met !== undefined && !SAYS_NOTHING.has(met.reason)) return met;
    if (state.kind === 'lost') return state.trouble;
    return met ?? { reason: 'timeout', words: 'no connection yet' };
  };

  return {
    async ask(what, generationId, call, { followsWrite = false } = {}) {
      const unavailable = (reached: Reached, trouble: RedisTrouble | undefined): QueueUnavailableError =>
        new QueueUnavailableError(
          `could not ${what} "${generationId}": ${trouble === undefined ? 'this producer is closed' : phraseOf(trouble)}; ${
            followsWrite ? WRITTEN : reached === 'no' ? 'nothing was sent' : MAYBE
          }`,
          {
            reached: followsWrite ? 'maybe' : reached,
            generationId,
            details: { reason: trouble?.reason ?? 'producer-closed' },
            // Without the command, whose arguments hold the request.
            ...(trouble === undefined
              ? {}
              : { cause: new Error(trouble.cure === undefined ? trouble.words : `${trouble.words}; ${trouble.cure}`) }),
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
          // After a close ioredis sends a command again: the first time it may have arrived, whatever became of the second.
          const wasSentOnce = closes === closesBefore;
          const isRefusedByNode = needsNewConnection(error) || /isn't writeable/.test(error instanceof Error ? error.message : '');
          if (isRefusedByNode && wasSentOnce && attempt === 1) {
            await waitUntilReady();
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

/** Reasons that tell only that no answer came. */
const SAYS_NOTHING: ReadonlySet<string> = new Set(['closed', 'timeout', 'unknown']);

const MAYBE = 'it may have arrived, and calling again with the same generationId is safe';
const WRITTEN = 'its record is written and its jobs may be missing: call again with the same generationId, which is safe';

/** The words for the message; those of Redis are in the cause. */
const phraseOf = ({ reason }: RedisTrouble): string => {
  const phrase = phrases[reason];
  return phrase ?? `redis does not answer (${reason})`;
};

const phrases: Readonly<Record<string, string>> = {
  unauthenticated: 'redis refuses the login',
  'no-permission': 'the redis user lacks a right',
  'wrong-database': 'redis has no such database',
  'read-only': 'a redis replica answers, which takes no writes',
  full: 'redis is full',
  disk: 'redis cannot write to its disk',
  'no-replicas': 'redis misses the replicas that it must write to',
  loading: 'redis is still loading its data',
  busy: 'redis is busy with a script',
  cluster: 'a node of a redis cluster answers',
  sentinel: 'a redis sentinel answers',
  'too-many-clients': 'redis takes no more connections',
  'not-redis': 'something else than redis answers',
  'unknown-host': 'the host of redis cannot be resolved',
  refused: 'nothing listens at the address of redis',
  unreachable: 'the host of redis cannot be reached',
  tls: 'TLS with redis was not agreed on',
  silent: 'redis does not answer on an open line',
};
