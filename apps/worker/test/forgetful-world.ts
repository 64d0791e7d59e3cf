import { randomUUID } from 'node:crypto';
import {
  createGenerationId,
  defaultTiming,
  parseGrokImagineRequest,
  taskUuidOf,
  type SubmissionRef,
  type SubmissionResult,
} from '@darkroom/contracts';
import { buildGenerationStore, connectPatient, type GenerationStore, type NewGeneration } from '@darkroom/generation-store';
import { createObjectStorage, type ObjectStorage } from '@darkroom/object-storage';
import { consequencesOf } from '@darkroom/purchase';
import { createSettlements, createSubmissions, jobIdOf, type Settlements, type Submissions } from '@darkroom/queues';
import type { KeptSettings, Recovery } from '@darkroom/recovery';
import { silentLogger, type Service } from '@darkroom/service-runtime';
import { eventually, recordPurchase, reserveRedis, startTestS3, type OwnRedis } from '@darkroom/testing';
import type { Redis } from 'ioredis';
import { expect } from 'vitest';
import { joinRecovery } from '../src/join-recovery.ts';
import { keepSettings } from '../src/keep-settings.ts';
import { watchServerRun } from '../src/watch-server-run.ts';

export const IMAGE_NANO_USD = 20_000_000;
const PREFIX = '{darkroom}';

export interface Watching {
  /** Replaces parts of the archive of a recovery. */
  archive?: Partial<Recovery['archive']>;
  /** Replaces parts of the store. */
  store?: Partial<GenerationStore>;
  /** Replaces parts of the settings in S3. */
  settings?: Partial<KeptSettings['archive']>;
  /** Compares the owners of Redis and bucket; nothing when absent. */
  check?: () => Promise<void>;
  /** The daily cap in the environment of the worker, in images. */
  cap?: number;
}

/** A Redis of its own that can go back to an earlier moment, and a bucket. The test plays the buying workers. */
export interface ForgetfulWorld extends AsyncDisposable {
  readonly server: OwnRedis;
  readonly redis: Redis;
  readonly store: GenerationStore;
  readonly storage: ObjectStorage;
  /** Starts the watch of one worker; the world stops it. */
  watch(options?: Watching): Promise<Service>;
  /** Kills Redis, restores its data from the moment of `putBack`, and starts it. */
  goBack(putBack: () => Promise<void>): Promise<void>;
  untilCompared(): Promise<void>;
  enqueue(given?: Partial<NewGeneration>): Promise<SubmissionRef>;
  /** Sends as a worker does; the provider accepts. */
  send(ref: SubmissionRef): Promise<void>;
  /** Settles a submission as a worker does. */
  succeed(ref: SubmissionRef): Promise<void>;
  /** Throttles the queue of submissions. */
  throttle(ms: number): Promise<void>;
  throttledMs(): Promise<number>;
  /** Returns the reason not to buy, or "go". */
  askToBuy(ref: SubmissionRef): Promise<string>;
  /** Returns the money of all tenants today. */
  spent(): Promise<{ reserved: number; settled: number }>;
  jobOf(queue: 'submissions' | 'settlements', ref: SubmissionRef): Promise<string>;
}

/** @param cap In images a day. */
export async function startForgetfulWorld(cap = 1000): Promise<ForgetfulWorld> {
  const server = await reserveRedis();
  await server.start();
  const s3 = await startTestS3();
  const storage = createObjectStorage({ ...s3, requestTimeoutMs: 5000, maxImageBytes: 1024 }, { now: Date.now });
  const redis = connectPatient(server.url);
  const retention = { recordSeconds: 3600, idempotencySeconds: 3600 };
  const store = buildGenerationStore({ prefix: PREFIX, retention, pollRate: { perSecond: 10, burst: 10 } }, redis);
  const submissions: Submissions = createSubmissions(redis, { prefix: PREFIX });
  const settlements: Settlements = createSettlements(redis, { prefix: PREFIX });
  const watches: Service[] = [];
  await store.setCaps({ allPerDay: cap * IMAGE_NANO_USD });
  await store.initialise('epoch');

  return {
    server,
    redis,
    store,
    storage,
    watch: async ({ archive = {}, store: parts = {}, settings = {}, check, cap: watchedCap = cap } = {}) => {
      const recovery = joinRecovery({ store, storage, submissions, settlements, timing: defaultTiming, maxSubmissions: 2, now: Date.now });
      const named = { allPerDay: watchedCap * IMAGE_NANO_USD };
      const watch = watchServerRun(
        { everyMs: 30, turnMs: 300 },
        {
          redis,
          store: { ...store, ...parts },
          recovery: { ...recovery, archive: { ...storage, ...archive } },
          submissions,
          ownStore: { open: () => Promise.resolve(false), check: check ?? (() => Promise.resolve()) },
          onForeign: () => undefined,
          settings: keepSettings(
            { seed: named, named, askS3EveryMs: 50 },
            { store, archive: { ...storage, ...settings }, logger: silentLogger, now: () => performance.now() },
          ),
          logger: silentLogger,
          holder: randomUUID(),
        },
      );
      watches.push(watch);
      void watch.start?.();
      return watch;
    },
    goBack: async (putBack) => {
      await server.kill();
      await putBack();
      await server.start();
      await eventually(async () => expect(await redis.ping()).toBe('PONG'));
    },
    untilCompared: () => eventually(async () => expect(await store.readServerRun()).toMatchObject({ isOpen: true, isRecovering: false })),
    enqueue: async (given = {}) => {
      const { generationId = createGenerationId(Date.now()) } = given;
      const request = parseGrokImagineRequest({ positivePrompt: 'a red door' });
      await store.enqueue({ generationId, tenant: 'acme', request, imageNanoUsd: IMAGE_NANO_USD, ...given });
      return { generationId, index: 0, n: 1 };
    },
    send: async (ref) => {
      const commitment = await store.commit(ref, `token-${Math.random()}`);
      if (commitment.kind === 'stop') throw new Error(`the commit stopped it: ${commitment.reason}`);
      await recordPurchase(storage, commitment);
      await settlements.park(ref, defaultTiming.firstPollMs, false);
      await store.recordVerdict(ref, commitment.send, 'accepted');
    },
    succeed: async (ref) => {
      const view = await store.beginSettlement(ref);
      if (view === undefined) throw new Error('redis holds no entry');
      const result: SubmissionResult = {
        version: 1,
        ...ref,
        taskUUID: taskUuidOf(ref),
        status: 'succeeded',
        settledAt: view.now,
        costSource: 'reported',
        costNanoUsd: IMAGE_NANO_USD,
        reservation: view.reservation,
        road: 'upload',
        image: {
          key: 'images/1.jpg',
          format: 'JPG',
          contentType: 'image/jpeg',
          width: 1024,
          height: 1024,
          sizeBytes: 1,
          sha256: 'a'.repeat(64),
        },
      };
      await storage.recordResult(result);
      await store.settle(ref, consequencesOf(result, 2));
    },
    askToBuy: async (ref) => {
      const commitment = await store.commit(ref, `token-${Math.random()}`);
      return commitment.kind === 'go' ? 'go' : commitment.reason;
    },
    throttle: (ms) => submissions.queue.rateLimit(ms),
    throttledMs: () => submissions.queue.getRateLimitTtl(),
    spent: async () => {
      const [today] = await store.readSpend();
      return { reserved: today?.reservedNanoUsd ?? 0, settled: today?.settledNanoUsd ?? 0 };
    },
    jobOf: (queue, ref) => (queue === 'submissions' ? submissions : settlements).queue.getJobState(jobIdOf(ref)),
    [Symbol.asyncDispose]: async () => {
      // A watch that waits for an S3 without answers stands for a killed process, so the world does not wait for it.
      await Promise.race([Promise.all(watches.map((watch) => watch.stop())), new Promise((resolve) => setTimeout(resolve, 500).unref())]);
      await Promise.all([submissions.close(), settlements.close()]);
      redis.disconnect();
      storage.close();
      await s3.stop();
      await server[Symbol.asyncDispose]();
    },
  };
}
