import { createGenerationId, defaultTiming, parseGrokImagineRequest, type Priority, type SubmissionRef } from '@darkroom/contracts';
import type { GenerationStore } from '@darkroom/generation-store';
import type { Purchase } from '@darkroom/purchase';
import type { Submissions } from '@darkroom/queues';
import { createLogger } from '@darkroom/service-runtime';
import type { Redis } from 'ioredis';
import { IMAGE_NANO_USD, openStore } from './open-store.ts';
import { startWorkers } from './start-workers.ts';

const MOST_IMAGES = 20;

/** One purchase. */
export interface Bought {
  generationId: string;
  tenant: string;
  priority: Priority;
}

export interface FairWorld extends AsyncDisposable {
  readonly store: GenerationStore;
  readonly submissions: Submissions;
  readonly redis: Redis;
  readonly prefix: string;
  /** All purchases, in order. */
  readonly bought: Bought[];
  /** Gives a tenant another weight. */
  weigh(tenant: string, weight: number): Promise<unknown>;
  enqueue(tenant: string, images: number, options?: { priority?: Priority; runAt?: number }): Promise<void>;
  startWorkers(count: number, concurrency: number): void;
}

/** Real workers on a real store and real queues. S3 and the provider say yes at once; nothing comes home. */
export async function setup(redisUrl: string): Promise<FairWorld> {
  const { redis, queue, submissions, settlements, store, close } = await openStore(redisUrl);
  await store.applyLimits({ revision: 1, limits: { tasksAtProvider: 1_000_000 } });
  const bought: Bought[] = [];
  const workers: { close(): Promise<void> }[] = [];
  const logger = createLogger({ name: 'test', level: 'warn' });
  const request = parseGrokImagineRequest({ positivePrompt: 'a red door' });
  const purchase = {
    store: {
      ...store,
      commit: async (ref: SubmissionRef, token: string, jobNumber?: number) => {
        const commitment = await store.commit(ref, token, jobNumber);
        if (commitment.kind === 'go') {
          const { tenant, priority = 'normal' } = commitment.intent;
          bought.push({ generationId: ref.generationId, tenant, priority });
        }
        return commitment;
      },
    },
    archive: {
      recordRequest: () => Promise.resolve({ kind: 'kept' as const, requestDigest: 'a digest' }),
      recordIntent: () => Promise.resolve({ kind: 'recorded' as const }),
      recordLateId: () => Promise.resolve(),
    },
    provider: { submit: () => Promise.resolve({ kind: 'accepted' as const }) },
    waits: { park: () => Promise.resolve() },
    access: { isHeld: () => false, ask: () => Promise.resolve('unclear' as const) },
    around: {
      monotonicMs: () => performance.now(),
      random: Math.random,
      createToken: () => String(Math.random()),
      webhookUrl: () => undefined,
      warn: () => undefined,
      log: () => undefined,
    },
    settings: { timing: defaultTiming, maxSubmissions: 2, askForUpload: false },
  } as unknown as Purchase; // what a purchase does after the answer is missing
  return {
    store,
    submissions,
    redis,
    prefix: queue.prefix,
    bought,
    weigh: (tenant, weight) => redis.hset(`${queue.prefix}:tenant-rules:${tenant}`, 'weight', weight),
    async enqueue(tenant, images, { priority = 'normal', ...later } = {}) {
      for (let from = 0; from < images; from += MOST_IMAGES) {
        const numberResults = Math.min(MOST_IMAGES, images - from);
        const { generationId, line } = await store.enqueue({
          generationId: createGenerationId(Date.now()),
          tenant,
          request: { ...request, numberResults },
          imageNanoUsd: IMAGE_NANO_USD,
          priority,
          ...later,
        });
        await submissions.add(
          Array.from({ length: numberResults }, (_, index) => ({
            generationId,
            index,
            n: 1,
            number: line?.[index] ?? 0,
          })),
        );
      }
    },
    startWorkers(count, concurrency) {
      for (let at = 0; at < count; at += 1)
        workers.push(
          ...startWorkers(
            { connection: redis, queue, timing: defaultTiming, submitConcurrency: concurrency, settleConcurrency: 1 },
            { purchase, submissions, settlements, logger },
          ),
        );
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(workers.map((worker) => worker.close()));
      await close();
    },
  };
}

/** Jain's index of fairness: 1 if all have the same, 1/n if one has everything. */
export function jainIndex(shares: readonly number[]): number {
  const sum = shares.reduce((total, share) => total + share, 0);
  return sum ** 2 / (shares.length * shares.reduce((total, share) => total + share ** 2, 0));
}

/** Counts the purchases of each tenant. */
export function sharesOf(bought: readonly Bought[]): Record<string, number> {
  const shares: Record<string, number> = {};
  for (const { tenant } of bought) shares[tenant] = (shares[tenant] ?? 0) + 1;
  return shares;
}
