import { setTimeout as delay } from 'node:timers/promises';
import type { WatchedWorker } from './watched-worker.ts';

export interface CloseWorkersOptions {
  /** Aborted when runs under way are to be given back instead of waited for. */
  readonly hurry: AbortSignal;
  /** Says whether Redis takes what the runs and BullMQ still have to write. */
  readonly canWrite: () => boolean;
}

/** BullMQ gets this long for its last writes when no run is under way any more, or the runs were told to hurry. */
const LAST_WRITES_MS = 1500;
/** A Redis that is away for this long during a stop is not waited for. */
const MAX_AWAY_MS = 2500;
const LOOK_MS = 50;

/**
 * Closes workers of BullMQ: they fetch no more jobs from the call on, and runs under way end. BullMQ's own close never ends while
 * Redis is away (6.7), so that what is left then is cut off: jobs are found by the stalled check of another worker.
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
  // Ends what a close that is under way waits for; its end interests nobody any more.
  void backend.blockingClient?.then(
    (client) => client.disconnect(),
    () => undefined,
  );
  void backend.close(true).catch(() => undefined);
}
