import { atMost } from '@darkroom/service-runtime';
import { followAnswers } from './answers.ts';
import { closeWorkers } from './close-workers.ts';
import type { Connections } from './connect.ts';
import type { WatchedWorker } from './watched-worker.ts';

export interface StoppedParts {
  connections: Pick<Connections, 'redis' | 'cut' | 'closed'>;
  workers: WatchedWorker[];
  /** Reports to operators that this worker ends. */
  sayFarewell(): Promise<unknown>;
  /** Everything that runs by a timer. */
  loops: readonly { stop(): unknown }[];
  /** Ends when the start has ended, and when the port is closed. */
  last(): readonly unknown[];
  /** Aborted to put runs back instead of waiting for their ends. */
  hurry: AbortSignal;
}

/** Stops a worker: it takes no more jobs, ends its runs, reports that it ends, and closes its connections. @throws Error if runs were cut off. */
export async function stopWorker({ connections, workers, sayFarewell, loops, last, hurry }: StoppedParts): Promise<void> {
  const saidFarewell = sayFarewell();
  const stoppedLoops = loops.map((loop) => loop.stop());
  const answers = followAnswers(connections.redis);
  const left = await closeWorkers(workers, { hurry, canWrite: answers.isAnswered });
  answers.stop();
  // The last write only informs operators, and Redis forgets it within a minute: the stop does not wait for a Redis that is away.
  await atMost(LAST_WORDS_MS, saidFarewell);
  connections.cut();
  await atMost(LAST_LOOPS_MS, Promise.allSettled([saidFarewell, ...stoppedLoops, connections.closed(), ...last()]));
  if (left > 0) throw new Error(`${left} runs were cut off; another worker takes their jobs when their locks end`);
}

/** A held worker gets this long to report that it ends. */
const LAST_WORDS_MS = 1000;

/** The loops get this long to end after their connections are closed. */
const LAST_LOOPS_MS = 1500;
