import type {
  Commitment,
  GenerationStatus,
  GenerationView,
  NanoUsd,
  SendVerdict,
  SettleReply,
  Settlement,
  SubmissionRef,
  SubmissionView,
  TaskFacts,
  VerdictMeaning,
} from '@darkroom/contracts';
import { generationStatuses } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { pauseBuying, readPauses, resumeBuying, type BuyingPause, type PauseKind } from './buying-pause.ts';
import { adoptIntent, commit, recordVerdict } from './commit.ts';
import { recordDelivery, type DeliveryReceipt } from './deliveries.ts';
import { enqueueGeneration, type EnqueueReceipt, type NewGeneration, type Retention } from './enqueue.ts';
import { capsKey, epochKey, generationKey, submissionKey, turnKey } from './keys.ts';
import { takePollToken, type PollRate } from './poll-bucket.ts';
import { readOpenGenerations, type OpenGenerations } from './open-generations.ts';
import { cancelScript, readGenerationScript } from './scripts/generations.ts';
import { beginSettlement, recordFacts, settle } from './settlements.ts';
import { readSpend, type PeriodSpend } from './spend.ts';
import { parseGenerationView } from './view.ts';

export interface GenerationStoreConfig {
  /** Starts every key; holds a hash tag. */
  prefix: string;
  retention: Retention;
  pollRate: PollRate;
}

/** Spend caps in force for the whole fleet; absent means no cap. The daily cap over all tenants is always on. */
export interface SpendCaps {
  allPerDay: NanoUsd;
  allPerMonth?: NanoUsd;
  tenantPerDay?: NanoUsd;
  tenantPerMonth?: NanoUsd;
}

/** The records of generations in Redis: every method is one round trip, every change one script. */
export interface GenerationStore {
  enqueue(generation: NewGeneration): Promise<EnqueueReceipt>;
  commit(ref: SubmissionRef, token: string): Promise<Commitment>;
  adoptIntent(ref: SubmissionRef, firstSentAt: number): Promise<void>;
  recordVerdict(ref: SubmissionRef, send: number, verdict: SendVerdict): Promise<VerdictMeaning>;
  beginSettlement(ref: SubmissionRef): Promise<SubmissionView | undefined>;
  recordFacts(ref: SubmissionRef, facts: TaskFacts): Promise<void>;
  settle(ref: SubmissionRef, settlement: Settlement): Promise<SettleReply>;
  recordDelivery(ref: SubmissionRef, delivery: { body: string }): Promise<DeliveryReceipt>;
  /** The number of the newest distinct delivery; 0 when there is none. */
  newestDelivery(ref: SubmissionRef): Promise<number>;
  /** 0 when a look at the provider may be made now, else how long to wait in milliseconds. */
  takePollToken(): Promise<number>;
  find(generationId: string): Promise<GenerationView | undefined>;
  /** Ends what was never sent. @returns the status that the generation has now, undefined when there is none. */
  cancel(generationId: string): Promise<GenerationStatus | undefined>;
  /** Whether the store may be used: it holds an epoch (I9). */
  isInitialised(): Promise<boolean>;
  /** Writes the epoch of a new store. @returns false when there is one. */
  initialise(epoch: string): Promise<boolean>;
  setCaps(caps: SpendCaps): Promise<void>;
  /** The ledger of today and this month: of all tenants and, when one is named, of that tenant. */
  readSpend(tenant?: string): Promise<PeriodSpend[]>;
  /** How many generations are open, and which is the oldest. */
  readOpenGenerations(): Promise<OpenGenerations>;
  /** @returns whether this call paused it; a pause of the same kind that stands keeps its reason. */
  pauseBuying(pause: BuyingPause): Promise<boolean>;
  /** @returns how many of these pauses stood. */
  resumeBuying(kinds: readonly PauseKind[]): Promise<number>;
  /** True for one caller of the fleet in each stretch of time. @param forMs How long nobody else gets this turn. */
  claimTurn(name: string, forMs: number): Promise<boolean>;
  /** The pauses that stand; none while buying goes on. */
  pauses(): Promise<BuyingPause[]>;
}

/** Builds the store on a connection that stays its caller's to close. */
export function buildGenerationStore({ prefix, retention, pollRate }: GenerationStoreConfig, redis: Redis): GenerationStore {
  return {
    enqueue: (generation) => enqueueGeneration(redis, prefix, retention, generation),
    commit: (ref, token) => commit(redis, prefix, ref, token),
    adoptIntent: (ref, firstSentAt) => adoptIntent(redis, prefix, ref, firstSentAt),
    recordVerdict: (ref, send, verdict) => recordVerdict(redis, prefix, ref, send, verdict),
    beginSettlement: (ref) => beginSettlement(redis, prefix, ref),
    recordFacts: (ref, facts) => recordFacts(redis, prefix, ref, facts),
    settle: (ref, settlement) => settle(redis, prefix, ref, settlement),
    recordDelivery: (ref, { body }) => recordDelivery(redis, prefix, ref, body),
    newestDelivery: async (ref) => Number((await redis.hget(submissionKey(prefix, ref), 'deliverySeq')) ?? 0),
    takePollToken: () => takePollToken(redis, prefix, pollRate),
    async find(generationId) {
      const reply = await readGenerationScript.run(redis, generationKey(prefix, generationId), [prefix, generationId]);
      return reply === null ? undefined : parseGenerationView(generationId, reply);
    },
    async cancel(generationId) {
      const status = await cancelScript.run(redis, generationKey(prefix, generationId), [prefix, generationId]);
      return z.enum(generationStatuses).nullable().parse(status) ?? undefined;
    },
    isInitialised: async () => (await redis.exists(epochKey(prefix))) === 1,
    initialise: async (epoch) => (await redis.set(epochKey(prefix), epoch, 'NX')) === 'OK',
    async setCaps({ allPerDay, allPerMonth, tenantPerDay, tenantPerMonth }) {
      const caps = { 'all:day': allPerDay, 'all:month': allPerMonth, 'tenant:day': tenantPerDay, 'tenant:month': tenantPerMonth };
      const set = Object.entries(caps).filter((cap): cap is [string, number] => cap[1] !== undefined);
      const transaction = redis.multi().del(capsKey(prefix));
      await transaction.hset(capsKey(prefix), Object.fromEntries(set)).exec();
    },
    readSpend: (tenant) => readSpend(redis, prefix, tenant),
    readOpenGenerations: () => readOpenGenerations(redis, prefix),
    pauseBuying: (pause) => pauseBuying(redis, prefix, pause),
    resumeBuying: (kinds) => resumeBuying(redis, prefix, kinds),
    claimTurn: async (name, forMs) => (await redis.set(turnKey(prefix, name), '1', 'PX', forMs, 'NX')) === 'OK',
    pauses: () => readPauses(redis, prefix),
  };
}
