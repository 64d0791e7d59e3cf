import { randomUUID } from 'node:crypto';
import { createGenerationId, type SubmissionRef } from '@darkroom/contracts';
import { buildReadingStore, buildSpendSumsStore, type NewGeneration, type ReadingStore } from '@darkroom/generation-store';
import type { ObjectStorage } from '@darkroom/object-storage';
import { expect } from 'vitest';
import { readOn, recordSums, type Damage, type ReadOnOutcome, type RebuildOptions } from '../src/index.ts';
import { runRebuild } from './run-rebuild.ts';
import { startWorld, type EndOptions, type End, type World } from './world.ts';

const HOUR_MS = 3_600_000;
/** As old as S3 may be that a client takes for right (S3, RequestTimeTooSkewed). */
export const OLD_MS = 12 * 60_000;

/** A world with a past of some hours, sums that were written since, and what came after them. */
export interface OpeningWorld extends World {
  readonly reading: ReadingStore;
  /** Sets the age of records that are written into S3 from now on. */
  setAge(ms: number): void;
  /** Enqueues a generation whose id is an hour old. */
  enqueueOld(images?: number, given?: Partial<NewGeneration>): Promise<[SubmissionRef, ...SubmissionRef[]]>;
  /** Ends a submission an hour ago. */
  endOld(ref: SubmissionRef, how: End, options?: EndOptions): Promise<void>;
  writeSums(): Promise<void>;
  /** Returns the purchases by S3 alone: the least that ledger and unread money may show together, by period. */
  readTruth(): Promise<Map<string, number>>;
  /** Returns the money that caps count in each period. */
  readBound(): Promise<Map<string, number>>;
  /** Reads on as a worker does. */
  readOn(given?: {
    store?: Partial<World['store'] & ReadingStore>;
    archive?: ObjectStorage;
    signal?: AbortSignal;
    onDamaged?: (damage: Damage) => void;
  }): Promise<ReadOnOutcome | undefined>;
  /** Keeps all of Redis as it is. @returns what brings it back. */
  snapshot(): Promise<() => Promise<void>>;
}

export async function startOpeningWorld(): Promise<OpeningWorld> {
  let ageMs = 0;
  const world = await startWorld(() => -ageMs);
  await world.begin();
  const { redis, prefix, storage, store } = world;
  const reading = buildReadingStore(world, redis);

  async function keys(pattern: string): Promise<string[]> {
    const found: string[] = [];
    for await (const page of redis.scanStream({ match: `${prefix}${pattern}`, count: 1000 })) found.push(...(page as string[]));
    return [...new Set(found)];
  }

  return {
    ...world,
    reading,
    setAge: (ms) => void (ageMs = ms),
    enqueueOld: (images, given) => world.enqueue(images, { generationId: createGenerationId(Date.now() - HOUR_MS), ...given }),
    endOld: async (ref, how, options) => void (await world.end(ref, how, { agoMs: HOUR_MS, ...options })),
    async writeSums() {
      const sums = buildSpendSumsStore(world, redis);
      const { kind } = await recordSums({ store: sums, archive: storage }, { createId: randomUUID });
      if (kind !== 'recorded') throw new Error(`the sums were not written: ${kind}`);
    },
    async readTruth() {
      const truth = new Map<string, number>();
      for (const date of await storage.listRecordDates()) {
        const rounds = new Map<string, { ref: SubmissionRef; round: number }>();
        for await (const { kind, round, ...ref } of storage.listRecordsOfDate(date))
          if (kind === 'intent') rounds.set(`${ref.generationId}/${ref.index}-${ref.n}`, { ref, round });
        for (const { ref, round } of rounds.values()) {
          const intent = await storage.findIntent(ref, round);
          const result = await storage.findResult(ref);
          const end =
            (await storage.findAmendment(ref)) ?? (result?.status === 'unknown' ? ((await storage.findDecision(ref)) ?? result) : result);
          const { amountNanoUsd = 0, periods = [] } = intent?.reservation ?? {};
          const money = end === undefined || end.status === 'unknown' ? amountNanoUsd : (end.costNanoUsd ?? 0);
          for (const period of periods) truth.set(period, (truth.get(period) ?? 0) + money);
        }
      }
      return truth;
    },
    async readBound() {
      const bound = new Map<string, number>();
      const unread = await redis.hgetall(`${prefix}:unread-money`);
      for (const [period, { reserved, settled }] of Object.entries(await world.ledger())) bound.set(period, reserved + settled);
      for (const [period, nanoUsd] of Object.entries(unread))
        if (!period.startsWith('@')) bound.set(period, (bound.get(period) ?? 0) + Number(nanoUsd));
      return bound;
    },
    async readOn({ store: given, archive = storage, signal = new AbortController().signal, ...others } = {}) {
      const found = await reading.findReading();
      if (found === undefined) return undefined;
      return readOn({ ...world.recovery, archive, store: { ...store, ...reading, ...given } }, found, { atOnce: 1, signal, ...others });
    },
    async snapshot() {
      const all = await keys('*');
      const dumps = await Promise.all(all.map(async (key) => [key, await redis.dumpBuffer(key), await redis.pttl(key)] as const));
      return async () => {
        const now = await keys('*');
        const change = redis.multi();
        for (const key of now) change.del(key);
        for (const [key, dump, ttl] of dumps) if (dump !== null) change.restore(key, Math.max(0, ttl), dump);
        await change.exec();
      };
    },
  };
}

export type SomeLife = Record<'keyed' | 'home' | 'failed' | 'underWay' | 'late', SubmissionRef>;

/** Two that came home and one that failed, all an hour ago; then the sums; then one that is open and one that came home. */
export async function someLife(world: OpeningWorld): Promise<SomeLife> {
  world.setAge(OLD_MS);
  const [keyed] = await world.enqueueOld(1, { idempotencyKey: 'mine' });
  await world.send(keyed);
  await world.endOld(keyed, 'succeeded');
  const [home] = await world.enqueueOld(1, { tenant: 'other' });
  await world.send(home);
  await world.endOld(home, 'succeeded');
  const [failed] = await world.enqueueOld();
  await world.send(failed);
  await world.endOld(failed, 'failed');
  world.setAge(0);
  await world.writeSums();
  const [underWay] = await world.enqueue();
  await world.send(underWay);
  const [late] = await world.enqueue();
  await world.send(late);
  await world.end(late, 'succeeded');
  return { keyed, home, failed, underWay, late };
}

/** Rebuilds until the store is open, and no further. */
export async function openOnly(world: OpeningWorld, given: Partial<RebuildOptions> = {}): Promise<void> {
  const stop = new AbortController();
  let left = -1;
  const onOpened = (found: number): Promise<void> => {
    left = found;
    stop.abort();
    return Promise.resolve();
  };
  expect(await runRebuild(world, { ...given, signal: stop.signal, onOpened })).toEqual({ kind: 'stopped', isOpen: true });
  expect(left).toBeGreaterThanOrEqual(0);
}

/** Loses a Redis with some life, and opens it again without all that lies in S3. @returns that life, and the purchases by S3 alone. */
export async function openUnread(world: OpeningWorld): Promise<{ life: SomeLife; truth: Map<string, number> }> {
  const life = await someLife(world);
  const truth = await world.readTruth();
  await world.wipe();
  await openOnly(world);
  return { life, truth };
}

/** Expects that caps count no less than was bought. */
export async function expectBound(world: OpeningWorld, truth: ReadonlyMap<string, number>): Promise<void> {
  const bound = await world.readBound();
  for (const [period, nanoUsd] of truth) expect(bound.get(period) ?? 0, period).toBeGreaterThanOrEqual(nanoUsd);
}
