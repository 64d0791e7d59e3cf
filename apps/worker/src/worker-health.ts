import type { ConnectionWatch, GenerationStore } from '@darkroom/generation-store';
import { createHealthRoutes, type ClockWatch, type Pulse, type ReadinessCheck } from '@darkroom/service-runtime';
import type { AccessWatch } from './watch-access.ts';
import type { WatchedWorker } from './watched-worker.ts';

export interface WorkerHealthParts {
  redis: Pick<ConnectionWatch, 'check'>;
  redisSetup: ReadinessCheck;
  bucket: ReadinessCheck;
  clock: Pick<ClockWatch, 'ready' | 'isRight'>;
  store: Pick<GenerationStore, 'readServerRun'>;
  access: Pick<AccessWatch, 'heldBecause'>;
  pulse: Pick<Pulse, 'isSilent'>;
  /** Returns the loops that fetch jobs and were started. */
  workers: () => readonly WatchedWorker[];
  /** Returns why Redis and bucket do not belong together; undefined while they do. */
  foreign: () => Error | undefined;
  /** Returns true if the store has a format of a later version. */
  isOutdated: () => boolean;
  phase: () => 'starting' | 'started' | 'stopping';
}

/** Builds the routes that report if the loops of a worker turn, and if it can buy and settle now. */
export function createWorkerHealth(parts: WorkerHealthParts): ReturnType<typeof createHealthRoutes> {
  const { redis, redisSetup, bucket, clock, store, access, pulse, workers, foreign, isOutdated, phase } = parts;
  return createHealthRoutes({
    findStandstill() {
      // The worker takes no jobs on purpose.
      if (foreign() !== undefined || isOutdated() || !clock.isRight()) return undefined;
      const ended = workers().find((worker) => worker.hasEnded);
      if (ended !== undefined) return `the loop that fetches jobs of ${ended.name} has ended`;
      return pulse.isSilent() ? 'redis answers, but no loop has fetched jobs for minutes' : undefined;
    },
    ready: [
      { name: 'redis', check: () => redis.check() },
      clock.ready,
      {
        name: 'store',
        check: async () => {
          const error = foreign();
          if (error !== undefined) throw error;
          const { isOpen, isRecovering } = await store.readServerRun();
          if (!isOpen) throw new Error('redis is empty: the store is not open');
          if (isRecovering) throw new Error('redis restarted, and is not compared with S3 yet');
        },
      },
      redisSetup,
      bucket,
      {
        name: 'provider',
        check: async () => {
          const why = access.heldBecause();
          if (why !== undefined) throw new Error(why);
        },
      },
      {
        name: 'worker',
        check: async () => {
          const now = phase();
          if (now !== 'started') throw new Error(now);
        },
      },
    ],
  });
}
