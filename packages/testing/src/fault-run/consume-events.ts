import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connectFailFast, eventLogKey } from '@darkroom/generation-store';
import { z } from 'zod';
import { startEventConsumer } from '../event-consumer/event-consumer.ts';
import { eventually } from '../eventually.ts';
import { EVENTS_FILE } from '../judge/evidence.ts';
import { SEEN_FILE } from '../judge/seen.ts';

const GROUP = 'faults';
const CONSUMERS = 2;
const TAKE_OVER_MS = 2000;
/** A consumer lives so long until it is killed: a start costs half a second of processor time. They die at ever other distances. */
const LIVES_MS = [5000, 9000] as const;

/** Consumers of the events beside a fault run. */
export interface EventConsumers {
  /** Lets them live on, waits until the group has read and acknowledged every event, and stops them. @returns how often one was killed. */
  finish(): Promise<number>;
  /** Ends them at once. */
  stop(): Promise<void>;
}

/**
 * Keeps consumers of one group running, and kills each again and again, until `finish`.
 * @param caughtUpWithinMs Time that the group has to read everything after the last fault, on a quiet machine (`eventually`).
 */
export function startEventConsumers(
  { redis, prefix }: { readonly redis: { readonly url: string }; readonly prefix: string },
  directory: string,
  caughtUpWithinMs = 60_000,
): EventConsumers {
  const calm = new AbortController();
  const over = new AbortController();
  const isOver = whenAborted(over.signal);
  let kills = 0;
  const keep = async (at: number): Promise<void> => {
    while (!over.signal.aborted) {
      const program = startEventConsumer({
        redisUrl: redis.url,
        prefix,
        group: GROUP,
        consumer: `consumer-${at}`,
        takeOverMs: TAKE_OVER_MS,
        file: join(directory, EVENTS_FILE),
        seenFile: join(directory, SEEN_FILE),
        logFile: join(directory, `event-consumer-${at}.log`),
      });
      const lifeMs = LIVES_MS[at % LIVES_MS.length];
      // The calm may have begun before this start: another one was being killed then, or ended by itself.
      const due = delay(lifeMs, 'due', { signal: calm.signal }).catch(() => 'calm');
      const event = await Promise.race([program.ended, due]);
      if (event === 'due') {
        await program.kill();
        kills += 1;
        continue;
      }
      // One that ends by an error of Redis is started again, as an orchestrator does.
      await Promise.race([program.ended, isOver]);
      await program.stop(5000);
    }
  };
  const all = Array.from({ length: CONSUMERS }, (_, at) => keep(at));
  const stop = async (): Promise<void> => {
    calm.abort();
    over.abort();
    await Promise.all(all);
  };
  return {
    async finish() {
      calm.abort();
      // Events that it has not read by then are counted by the judge.
      await untilCaughtUp(redis.url, prefix, GROUP, caughtUpWithinMs).catch(() => undefined);
      await stop();
      return kills;
    },
    stop,
  };
}

const whenAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true })));

const groupsSchema = z.array(z.array(z.unknown()));
const streamSchema = z.array(z.unknown());

/** Waits until a group has read the last event and acknowledged all. */
export async function untilCaughtUp(redisUrl: string, prefix: string, group: string, withinMs = 60_000): Promise<void> {
  // A command on it ends, also if Redis is gone.
  const connection = connectFailFast(redisUrl);
  const fieldOf = (flat: readonly unknown[], name: string): unknown => flat[flat.indexOf(name) + 1];
  try {
    await eventually(
      async () => {
        const log = eventLogKey(prefix);
        const last = fieldOf(streamSchema.parse(await connection.xinfo('STREAM', log)), 'last-generated-id');
        const groups = groupsSchema.parse(await connection.xinfo('GROUPS', log));
        const own = groups.find((flat) => fieldOf(flat, 'name') === group) ?? [];
        const [read, pending] = [fieldOf(own, 'last-delivered-id'), fieldOf(own, 'pending')];
        if (read !== last || pending !== 0)
          throw new Error(`the events are read up to ${String(read)} of ${String(last)}, ${String(pending)} are not acknowledged`);
      },
      { withinMs, everyMs: 100 },
    );
  } finally {
    connection.disconnect();
  }
}
