import { createGenerationId, defaultTiming, defined, parseGrokImagineRequest, type Timing } from '@darkroom/contracts';
import type { GenerationStore } from '@darkroom/generation-store';
import type { Purchase } from '@darkroom/purchase';
import type { Submissions } from '@darkroom/queues';
import { createLogger } from '@darkroom/service-runtime';
import type { Redis } from 'ioredis';
import { thinStops } from '../src/thin-stops.ts';
import { IMAGE_NANO_USD, openStore } from './open-store.ts';
import { startWorkers } from './start-workers.ts';

export interface PausedWorld extends AsyncDisposable {
  readonly prefix: string;
  readonly store: GenerationStore;
  readonly submissions: Submissions;
  readonly redis: Redis;
  /** Generations for which a worker asked for a commit, in order. */
  readonly asked: string[];
  /** The generations among them that a worker could send, each once. Their jobs go back: this world has no provider. */
  readonly sendable: string[];
  lines(): string[];
  /** Enqueues generations. Returns their ids in the order of the queue. */
  enqueue(count: number, tenant?: string, runAt?: number): Promise<string[]>;
  startWorker(concurrency: number): void;
}

/** Starts workers with a real store and real queues, up to the commit. */
export async function setup(redisUrl: string, timing: Partial<Timing> = {}): Promise<PausedWorld> {
  const { redis, queue, submissions, settlements, store, close } = await openStore(redisUrl);
  const [asked, sendable] = [[] as string[], [] as string[]];
  let log = '';
  const logger = createLogger({ name: 'test', level: 'info' }, { write: (line) => (log += line) });
  const workers: { close(): Promise<void> }[] = [];
  const settings = { timing: { ...defaultTiming, ...timing }, maxSubmissions: 2, askForUpload: false };
  let last = 0;
  return {
    prefix: queue.prefix,
    store,
    submissions,
    redis,
    asked,
    sendable,
    lines: () => log.split('\n').filter(Boolean),
    async enqueue(count, tenant = 'default', runAt) {
      const now = await store.readTime();
      const ids = Array.from({ length: count }, () => createGenerationId((last = Math.max(now, last + 1))));
      const request = parseGrokImagineRequest({ positivePrompt: 'a red door' });
      for (let at = 0; at < count; at += 1000) {
        const page = ids.slice(at, at + 1000);
        await Promise.all(
          page.map((generationId) => store.enqueue({ generationId, tenant, request, imageNanoUsd: IMAGE_NANO_USD, ...defined({ runAt }) })),
        );
        await submissions.add(page.map((generationId) => ({ generationId, index: 0, n: 1 })));
      }
      return ids;
    },
    startWorker(concurrency) {
      const purchase = {
        store: {
          ...store,
          commit: async (ref, token) => {
            asked.push(ref.generationId);
            const commitment = await store.commit(ref, token);
            if (commitment.kind === 'go' && !sendable.includes(ref.generationId)) sendable.push(ref.generationId);
            return commitment;
          },
        },
        access: { isHeld: () => false, ask: () => Promise.resolve('unclear' as const) },
        around: {
          monotonicMs: () => performance.now(),
          random: Math.random,
          createToken: () => String(Math.random()),
          webhookUrl: () => undefined,
          warn: () => undefined,
          log: thinStops(
            (event, ref, details) => logger.info({ event, ...ref, ...details }, event),
            () => performance.now(),
          ),
        },
        settings,
      } as Partial<Purchase> as Purchase; // the steps after a commit are missing, which puts the job back
      const started = startWorkers(
        { connection: redis, queue, timing: settings.timing, submitConcurrency: concurrency, settleConcurrency: 1 },
        { purchase, submissions, settlements, logger },
      );
      workers.push(...started);
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(workers.map((worker) => worker.close()));
      await close();
    },
  };
}

/** Returns the largest distance of an item from its former place. */
export const displacement = (before: readonly string[], after: readonly string[]): number => {
  const places = new Map(before.map((id, place) => [id, place]));
  return Math.max(...after.map((id, place) => Math.abs(place - (places.get(id) ?? Infinity))));
};
