import { defined, formatUsd, traceIdOf } from '@darkroom/contracts';
import type { EndedGeneration, GenerationStore } from '@darkroom/generation-store';
import type { Logger, Service } from '@darkroom/service-runtime';

/** Time between two looks for generations that ended. */
const EVERY_MS = 1000;
/** Generations that are taken at once: a millisecond of Redis. */
const AT_ONCE = 100;

/**
 * Writes the last line of each generation, whichever process ended it: a caller that cancels has no log of Darkroom's. Each line is written by one
 * worker of the fleet. A worker that is killed between taking and writing loses up to a hundred lines; nothing but the log depends on them.
 */
export function logEnds(store: Pick<GenerationStore, 'takeEnded'>, logger: Logger): Service & { start(): Promise<void> } {
  let timer: NodeJS.Timeout | undefined;
  let taking: Promise<void> | undefined;
  let isStopped = false;

  async function take(): Promise<void> {
    for (let taken = AT_ONCE; taken === AT_ONCE && !isStopped;) {
      const { ended, unreadable } = await store.takeEnded(AT_ONCE);
      for (const generation of ended) logger.info({ event: 'generation.ended', ...lineOf(generation) }, 'generation ended');
      for (const id of unreadable)
        logger.warn(
          { event: 'generation.unreadable', generationId: id.slice(0, 64) },
          'a generation ended, and its entry in redis is damaged',
        );
      taken = ended.length + unreadable.length;
    }
  }
  async function takeAndGoOn(): Promise<void> {
    // Without Redis nothing is taken, and the next look takes it.
    await take().catch(() => undefined);
    next();
  }
  function next(): void {
    if (isStopped) return;
    timer = setTimeout(() => {
      taking = takeAndGoOn();
    }, EVERY_MS);
  }
  return {
    async start() {
      if (timer === undefined) next();
    },
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await taking;
    },
  };
}

const lineOf = ({ id, tenant, status, createdAt, runAt = 0, finishedAt, costNanoUsd, images, made, roads, traceparent }: EndedGeneration) =>
  defined({
    generationId: id,
    tenant,
    status,
    costUsd: formatUsd(costNanoUsd),
    seconds: Math.max(0, finishedAt - Math.max(createdAt, runAt)) / 1000,
    road: roads.length === 0 ? 'none' : roads.join('+'),
    images,
    made,
    traceId: traceIdOf(traceparent),
  });
