import type { Redis } from 'ioredis';
import { buildGenerationStore, connectPatient, isLiftable } from '@darkroom/generation-store';
import type { Stack } from '../fleet/stack.ts';
import type { GenerationRecord, LedgerRecord, OrderRecord } from './evidence.ts';

/** Reads what Redis holds, at the end of a run. */
export interface Records {
  /** How many generations have a live submission or money on hold. */
  countOpen(): Promise<number>;
  readGenerations(orders: readonly Pick<OrderRecord, 'ids'>[]): Promise<Record<string, GenerationRecord | null>>;
  readLedger(): Promise<LedgerRecord>;
  /** What keeps the whole fleet from buying and does not pass by itself, in words. */
  readPauses(): Promise<string[]>;
  close(): void;
}

export function openRecords({ redis: { url }, prefix }: Pick<Stack, 'redis' | 'prefix'>): Records {
  const redis = connectPatient(url);
  const unused = { retention: { recordSeconds: 1, idempotencySeconds: 1 }, pollRate: { perSecond: 1, burst: 1 } };
  const store = buildGenerationStore({ prefix, ...unused }, redis);
  const readGeneration = async (id: string): Promise<GenerationRecord | null> => {
    const view = await store.find(id);
    if (view === undefined) return null;
    const { status, images, finishedAt } = view;
    return {
      status,
      ...(finishedAt === undefined ? {} : { finishedAt }),
      images: await Promise.all(
        images.map(async ({ index, status: imageStatus, submissionStatus, submissions, image, fault }) => ({
          index,
          status: imageStatus,
          submissionStatus,
          submissions,
          ...(fault === undefined ? {} : { code: fault.code }),
          ...(image === undefined ? {} : { image: { key: image.key, sha256: image.sha256 } }),
          ...(await readSends(redis, `${prefix}:submission:${id}:${index}-${submissions}`)),
        })),
      ),
    };
  };
  return {
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

async function readSends(redis: Redis, key: string): Promise<{ unrefusedSends: number; isForgotten: boolean }> {
  const [sends, rejections, remembered] = await redis.hmget(key, 'sends', 'rejections', 'remembered');
  return { unrefusedSends: Number(sends ?? 0) - Number(rejections ?? 0), isForgotten: remembered === '0' };
}

/** All periods: a run may go past midnight, and each cent is written into several of them. */
async function readLedger(redis: Redis, prefix: string): Promise<LedgerRecord> {
  const keyOfAll = `${prefix}:spend:`;
  const periods: LedgerRecord['periods'] = {};
  for (const key of (await redis.keys(`${keyOfAll}*`)).toSorted()) {
    const [settled, held] = await redis.hmget(key, 'settled', 'reserved');
    periods[key.slice(keyOfAll.length)] = { settledNanoUsd: Number(settled ?? 0), heldNanoUsd: Number(held ?? 0) };
  }
  return { periods };
}
