import { defined, formatUsd, type SubmissionRef, traceIdOf } from '@darkroom/contracts';
import type { EndedGeneration, GenerationStore } from '@darkroom/generation-store';
import type { Submissions } from '@darkroom/queues';
import type { Logger, Service } from '@darkroom/service-runtime';

/** Time between two looks for generations that ended. */
const EVERY_MS = 1000;
/** Generations that are taken at once: a millisecond of Redis. */
const AT_ONCE = 100;

/**
 * Writes the last line of each generation, whichever process ended it: a caller that cancels has no log of Darkroom's. Each line is written by one
 * worker of the fleet. It also removes the jobs of a generation that ended before its `runAt`: they would wait in the queue until then, a month
 * perhaps, while the generation counts as open no more. A worker that is killed between taking and writing loses up to a hundred lines, and
 * leaves their jobs, which find at `runAt` that nothing is to do.
 */
export function followEnds(
  store: Pick<GenerationStore, 'takeEnded'>,
  submissions: Pick<Submissions, 'remove'>,
  logger: Logger,
): Service & { start(): Promise<void> } {
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
      await submissions.remove(ended.filter(endedEarly).flatMap(firstSubmissions));
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

const endedEarly = ({ runAt = 0, finishedAt }: EndedGeneration): boolean => runAt > finishedAt;

/** Returns the submissions of a generation of which none was sent. */
const firstSubmissions = ({ id, images }: EndedGeneration): SubmissionRef[] =>
  Array.from({ length: images }, (_, index) => ({ generationId: id, index, n: 1 }));

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
