import type { Redis } from 'ioredis';
import { defined, hasCode, resultSchema } from '@darkroom/contracts';
import { buildGenerationStore, connectPatient, isLiftable } from '@darkroom/generation-store';
import type { Stack } from '../fleet/stack.ts';
import type { GenerationRecord, LedgerRecord, OrderRecord } from './evidence.ts';

/** Reads from Redis at the end of a run. */
export interface Records {
  /** Returns the number of generations with a live submission or a hold. */
  countOpen(): Promise<number>;
  readGenerations(orders: readonly Pick<OrderRecord, 'ids'>[]): Promise<Record<string, GenerationRecord | null>>;
  readLedger(): Promise<LedgerRecord>;
  /** Returns the lasting reasons why the whole fleet does not buy, in words. */
  readPauses(): Promise<string[]>;
  /** The connection that it reads on. */
  readonly redis: Redis;
  close(): void;
}

export function openRecords({ redis: { url }, prefix }: Pick<Stack, 'redis' | 'prefix'>): Records {
  const redis = connectPatient(url);
  const unused = { retention: { recordSeconds: 1, idempotencySeconds: 1 }, pollRate: { perSecond: 1, burst: 1 } };
  const store = buildGenerationStore({ prefix, ...unused }, redis);
  const readGeneration = async (id: string): Promise<GenerationRecord | null> => {
    const view = await store.find(id).catch((error: unknown) => {
      if (hasCode(error, 'generation.erased')) return 'erased' as const;
      throw error;
    });
    if (view === 'erased') return readErased(redis, prefix, id);
    if (view === undefined) return null;
    const { status, images, finishedAt } = view;
    return {
      status,
      ...defined({ finishedAt }),
      images: await Promise.all(
        images.map(async ({ index, status: imageStatus, submissionStatus, submissions, image, withheld, fault }) => ({
          index,
          status: imageStatus,
          submissionStatus,
          submissions,
          ...defined({ code: fault?.code, withheld, image: image && { key: image.key, sha256: image.sha256 } }),
          ...(await readSends(redis, `${prefix}:submission:${id}:${index}-${submissions}`)),
        })),
      ),
    };
  };
  return {
    redis,
    countOpen: async () => (await store.readOpenGenerations()).count,
    async readGenerations(orders) {
      const records: Record<string, GenerationRecord | null> = {};
      for (const id of orders.flatMap(({ ids }) => ids)) records[id] = await readGeneration(id);
      return records;
    },
    readLedger: () => readLedger(redis, prefix),
    readPauses: async () => (await store.pauses()).filter(isLiftable).map(({ kind, reason }) => `${kind}: ${reason}`),
    close: () => redis.disconnect(),
  };
}

/** Reads a generation whose request is erased, field by field. */
async function readErased(redis: Redis, prefix: string, id: string): Promise<GenerationRecord | null> {
  const { status, finishedAt, images, ...fields } = await redis.hgetall(`${prefix}:generation:${id}`);
  if (status === undefined) return null;
  return {
    status: status as GenerationRecord['status'], // as our own scripts write it
    ...(finishedAt !== undefined && { finishedAt: Number(finishedAt) }),
    images: await Promise.all(
      Array.from({ length: Number(images) }, async (_, index) => {
        const submissions = Number(fields[`latest:${index}`]);
        const key = `${prefix}:submission:${id}:${index}-${submissions}`;
        const [submissionStatus, code, result] = await redis.hmget(key, 'status', 'code', 'result');
        const { image } = result === null || result === undefined ? {} : resultSchema.parse(JSON.parse(result));
        return {
          index,
          status: fields[`image:${index}`] ?? '',
          submissionStatus: submissionStatus ?? '',
          submissions,
          ...defined({ code: code ?? undefined, image: image && { key: image.key, sha256: image.sha256 } }),
          ...(await readSends(redis, key)),
        };
      }),
    ),
  };
}

async function readSends(redis: Redis, key: string): Promise<{ unrefusedSends: number; refusedSends: number; isForgotten: boolean }> {
  const [sends, rejections, remembered] = await redis.hmget(key, 'sends', 'rejections', 'remembered');
  const refusedSends = Number(rejections ?? 0);
  return { unrefusedSends: Number(sends ?? 0) - refusedSends, refusedSends, isForgotten: remembered === '0' };
}

/** Reads all periods: a run may pass midnight, and each cent counts in several periods. */
async function readLedger(redis: Redis, prefix: string): Promise<LedgerRecord> {
  const keyOfAll = `${prefix}:spend:`;
  const periods: LedgerRecord['periods'] = {};
  for (const key of (await redis.keys(`${keyOfAll}*`)).toSorted()) {
    const [settled, held] = await redis.hmget(key, 'settled', 'reserved');
    periods[key.slice(keyOfAll.length)] = { settledNanoUsd: Number(settled ?? 0), heldNanoUsd: Number(held ?? 0) };
  }
  return { periods };
}
