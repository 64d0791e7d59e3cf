import { setTimeout as delay } from 'node:timers/promises';
import type { WatchedWorker } from './watched-worker.ts';

export interface CloseWorkersOptions {
  /** Aborted when runs under way must give their jobs back at once. */
  readonly hurry: AbortSignal;
  /** Returns true while Redis takes the last writes of the runs and of BullMQ. */
  readonly canWrite: () => boolean;
}

/** BullMQ gets this long for its last writes, once no run is under way or the runs were told to hurry. */
const LAST_WRITES_MS = 1500;
/** A stop waits this long for a Redis that is away. */
const MAX_AWAY_MS = 2500;
const LOOK_MS = 50;

/**
 * Closes BullMQ workers: they fetch no more jobs, and the runs under way end. While Redis is away BullMQ's own close never ends
 * (6.7), so this one stops waiting; the stalled check of another worker then finds the jobs.
 * @returns how many runs had not ended.
 */
export async function closeWorkers(workers: readonly WatchedWorker[], { hurry, canWrite }: CloseWorkersOptions): Promise<number> {
  const countUnderWay = (): number => workers.reduce((sum, worker) => sum + worker.underWay, 0);
  let isClosed = false;
  const closed = Promise.allSettled(workers.map((worker) => worker.close())).then(() => (isClosed = true));
  let lastWritesMs = 0;
  let awayMs = 0;
  while (!isClosed && lastWritesMs < LAST_WRITES_MS && awayMs < MAX_AWAY_MS) {
    await Promise.race([closed, delay(LOOK_MS)]);
    if (hurry.aborted || countUnderWay() === 0) lastWritesMs += LOOK_MS;
    awayMs = canWrite() ? 0 : awayMs + LOOK_MS;
  }
  if (!isClosed) for (const worker of workers) cutOff(worker);
  return countUnderWay();
}

function cutOff(worker: WatchedWorker): void {
  const backend = worker.getBackend();
  // Ends the command that BullMQ's close waits for; the result is of no use any more.
  void backend.blockingClient?.then(
    (client) => client.disconnect(),
    () => undefined,
  );
  void backend.close(true).catch(() => undefined);
}
