// The package names its base class in an export that holds types alone (Bull Board 9.10.1).
import { BaseAdapter } from '@bull-board/api/dist/queueAdapters/base.js';
import type { JobCounts, JobStatus, QueueJob, QueueMetrics, Status } from '@bull-board/api/typings/app';
import { hasCode, isGenerationId, type GenerationStatus } from '@darkroom/contracts';
import type { GenerationStore } from '@darkroom/generation-store';
import type { Producer } from '@darkroom/producer';
import { buildGenerationJob, generationStates, statusesOfState, type GenerationState } from './generation-job.ts';

/** Name of the queue on the board; BullMQ has none of this name. */
export const GENERATIONS = 'generations';

export interface GenerationsAdapterParts {
  readonly producer: Pick<Producer, 'get' | 'cancel' | 'retry'>;
  readonly store: Pick<GenerationStore, 'list' | 'count' | 'findPlaceAt' | 'pauses'>;
  readonly readRedisInfo: () => Promise<string>;
  /** True to show prompts on the page of a generation. */
  readonly showPrompts: boolean;
}

const isState = (status: JobStatus): status is GenerationState => Object.hasOwn(statusesOfState, status);

/** Shows the generations of the index as a queue. The raw queues hold jobs of BullMQ, which end as "completed" also where an image failed. */
export class GenerationsAdapter extends BaseAdapter {
  readonly #parts: GenerationsAdapterParts;

  constructor(parts: GenerationsAdapterParts) {
    // As "bullmq" the board would ask it for the flows of BullMQ.
    super('bull', {
      displayName: 'Generations: what was ordered',
      description:
        'Each order with its tenant, images, cost and faults. Failed: ended without all its images; Retry buys the missing ones again in a new generation, within the rules of a retry. Completed holds cancelled ones too. Clean cancels an open one: what is not sent yet is never bought.',
      allowCompletedRetries: false,
    });
    this.#parts = parts;
  }

  getName = (): string => GENERATIONS;
  getRedisInfo = (): Promise<string> => this.#parts.readRedisInfo();
  getStatuses = (): Status[] => ['latest', ...generationStates];
  getJobStatuses = (): JobStatus[] => [...generationStates];

  async getJobCounts(): Promise<JobCounts> {
    const counts = await this.#parts.store.count();
    const sum = (statuses: readonly GenerationStatus[]): number => statuses.reduce((total, status) => total + counts[status], 0);
    return Object.fromEntries(generationStates.map((state) => [state, sum(statusesOfState[state])])) as JobCounts; // other states have none
  }

  /** Returns the jobs at these places, the newest first, of all states together. */
  async getJobs(states: JobStatus[], start = 0, end = start): Promise<QueueJob[]> {
    const { store, producer } = this.#parts;
    const statuses = states.filter(isState).flatMap((state): readonly GenerationStatus[] => statusesOfState[state]);
    const place = statuses.length === 0 ? undefined : await store.findPlaceAt(statuses, start);
    if (place === undefined) return [];
    const { generations } = await store.list({ statuses, createdBefore: place.createdAt + 1 }, place.before + end - start + 1);
    return generations.slice(place.before).map((generation) => buildGenerationJob(generation, producer));
  }

  async getJob(id: string): Promise<QueueJob | undefined> {
    if (!isGenerationId(id)) return undefined;
    const { producer, showPrompts } = this.#parts;
    try {
      const view = await producer.get(id);
      const images = view.images.map(({ status }) => status);
      const codes = [...new Set(view.images.flatMap(({ fault }) => fault?.code ?? []))];
      const prompt = showPrompts ? view.request.positivePrompt : undefined;
      return buildGenerationJob({ ...view, images, codes, ...(prompt !== undefined && { prompt }) }, producer);
    } catch (error) {
      if (hasCode(error, 'generation.not-found') || hasCode(error, 'generation.erased')) return undefined;
      throw error;
    }
  }

  /** Buying is paused for all generations, on the page of health and by `darkroom pause`, with a reason. */
  isPaused = async (): Promise<boolean> => (await this.#parts.store.pauses()).length > 0;
  // Called when an operator pauses or resumes all queues of BullMQ, whose jobs generations have.
  pause = (): Promise<void> => Promise.resolve();
  resume = (): Promise<void> => Promise.resolve();

  getJobLogs = (): Promise<string[]> => Promise.resolve([]);
  getMetrics = (): Promise<QueueMetrics> => Promise.resolve({ meta: { count: 0, prevTS: 0, prevCount: 0 }, data: [], count: 0 });
  getJobSchedulers = (): Promise<[]> => Promise.resolve([]);
  getJobSchedulersCount = (): Promise<number> => Promise.resolve(0);
  getGlobalConcurrency = (): Promise<null> => Promise.resolve(null);

  // The server refuses what leads to these (allowed-routes.ts).
  addJob = refuse;
  clean = refuse;
  empty = refuse;
  obliterate = refuse;
  promoteAll = refuse;
  removeJobScheduler = refuse;
  updateJobScheduler = refuse;
  runJobSchedulerNow = refuse;
  setGlobalConcurrency = refuse;
}

async function refuse(): Promise<never> {
  throw new Error('a generation can be cancelled and retried, and nothing else');
}
