import type { QueueJob, QueueJobJson } from '@bull-board/api/typings/app';
import { errorCodes, isFinalGeneration, type GenerationStatus, type GenerationSummary, type ImageStatus } from '@darkroom/contracts';
import type { Producer } from '@darkroom/producer';

/** States of Bull Board that generations have, and the statuses in each. "failed" holds those that ended without all their images. */
export const statusesOfState = {
  active: ['running'],
  waiting: ['queued'],
  completed: ['succeeded', 'cancelled'],
  failed: ['failed', 'partial', 'expired'],
} as const satisfies Record<string, readonly GenerationStatus[]>;
export type GenerationState = keyof typeof statusesOfState;

export const generationStates = Object.keys(statusesOfState) as GenerationState[]; // the keys are the type

const stateOf = (status: GenerationStatus): GenerationState =>
  generationStates.find((state) => (statusesOfState[state] as readonly GenerationStatus[]).includes(status)) ?? 'active';

/** The parts of a generation that the board shows. */
export type ShownGeneration = Pick<
  GenerationSummary,
  'generationId' | 'status' | 'tenant' | 'images' | 'costUsd' | 'codes' | 'createdAt' | 'finishedAt' | 'runAt' | 'retryOf'
> & {
  /** Present only where the operator has switched prompts on. */
  prompt?: string;
};

/** Builds the job as which the board shows a generation. Its actions call the library, never BullMQ. */
export function buildGenerationJob(generation: ShownGeneration, producer: Pick<Producer, 'cancel' | 'retry'>): QueueJob {
  const { generationId, status } = generation;
  const refuse = async (): Promise<never> => {
    throw new Error('a generation can be cancelled and retried, and nothing else');
  };
  return {
    opts: {},
    toJSON: () => jsonOf(generation),
    getState: async () => stateOf(status),
    promote: refuse,
    async remove() {
      if (isFinalGeneration(status)) throw new Error(`generation "${generationId}" is ${status} already, and cannot be cancelled`);
      await producer.cancel(generationId);
    },
    async retry() {
      await producer.retry(generationId);
    },
  };
}

function jsonOf({
  generationId,
  status,
  tenant,
  images,
  costUsd,
  codes,
  createdAt,
  finishedAt,
  runAt,
  retryOf,
  prompt,
}: ShownGeneration): QueueJobJson {
  const ended = images.filter((image) => image !== 'open').length;
  const failed = stateOf(status) === 'failed';
  return {
    id: generationId,
    name: `${status}: ${describeImages(images)} of ${tenant}`,
    timestamp: createdAt,
    // the board counts its duration from the start of a run, of which a generation may have several
    ...(finishedAt !== undefined && { processedOn: createdAt, finishedOn: finishedAt }),
    progress: Math.round((100 * ended) / images.length),
    attemptsMade: 0,
    failedReason: failed ? describeFaults(codes) : '',
    stacktrace: [],
    data: {
      generationId,
      status,
      tenant,
      images: describeImages(images),
      costUsd,
      ...(codes.length > 0 && { faults: codes }),
      ...(retryOf !== undefined && { retryOf }),
      ...(runAt !== undefined && { runAt: new Date(runAt).toISOString() }),
      ...(prompt !== undefined && { prompt }),
    },
    returnvalue: null,
    opts: {},
  };
}

/** Returns "3 images" while none has ended, else "2 succeeded, 1 failed". */
function describeImages(images: readonly ImageStatus[]): string {
  const counts = new Map<ImageStatus, number>();
  for (const status of images) counts.set(status, (counts.get(status) ?? 0) + 1);
  if (counts.get('open') === images.length) return images.length === 1 ? '1 image' : `${images.length} images`;
  return [...counts].map(([status, count]) => `${count} ${status}`).join(', ');
}

/** Returns what each code means, with a line for each. A code of a later version stands alone. */
const describeFaults = (codes: readonly string[]): string =>
  codes.length === 0
    ? 'ended without all its images'
    : codes
        .map((code) => [code, Object.entries<string>(errorCodes).find(([known]) => known === code)?.[1]].filter(Boolean).join(': '))
        .join('\n');
