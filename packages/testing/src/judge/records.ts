import type { Redis } from 'ioredis';
import { buildGenerationStore, connectPatient } from '@darkroom/generation-store';
import type { Stack } from '../fleet/stack.ts';
import type { GenerationRecord, LedgerRecord, OrderRecord } from './evidence.ts';

/** Reads what Redis holds, at the end of a run. */
export interface Records {
  /** How many generations have a live submission or money on hold. */
  countOpen(): Promise<number>;
  readGenerations(orders: readonly Pick<OrderRecord, 'ids'>[]): Promise<Record<string, GenerationRecord | null>>;
  readLedger(): Promise<LedgerRecord>;
  close(): void;
}

export function openRecords({ redis: { url }, prefix }: Pick<Stack, 'redis' | 'prefix'>): Records {
  const redis = connectPatient(url);
  const unused = { retention: { recordSeconds: 1, idempotencySeconds: 1 }, pollRate: { perSecond: 1, burst: 1 } };
  const store = buildGenerationStore({ prefix, ...unused }, redis);
  return {
    countOpen: async () => (await store.readOpenGenerations()).count,
    async readGenerations(orders) {
      const records: Record<string, GenerationRecord | null> = {};
      for (const id of orders.flatMap(({ ids }) => ids)) records[id] = (await store.find(id)) ?? null;
      return records;
    },
    readLedger: () => readLedger(redis, prefix),
    close: () => redis.disconnect(),
  };
}

/** Over all days: a run may go past midnight. */
async function readLedger(redis: Redis, prefix: string): Promise<LedgerRecord> {
  const days = await redis.keys(`${prefix}:spend:all:day:*`);
  const sums = { settledNanoUsd: 0, heldNanoUsd: 0 };
  for (const day of days) {
    const [settled, held] = await redis.hmget(day, 'settled', 'reserved');
    sums.settledNanoUsd += Number(settled ?? 0);
    sums.heldNanoUsd += Number(held ?? 0);
  }
  return sums;
}
