import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createGenerationId,
  defaultTiming,
  parseGrokImagineRequest,
  quote,
  sizeOfRatio,
  taskUuidOf,
  type Ratio,
  type SubmissionRef,
  type Timing,
} from '@darkroom/contracts';
import { buildGenerationStore, connectPatient, type GenerationStore } from '@darkroom/generation-store';
import { createObjectStorage, type ObjectStorage } from '@darkroom/object-storage';
import { buildWaits, createSettlements, createSubmissions, type Settlements, type Submissions } from '@darkroom/queues';
import { createRunwareClient, type RunwareClient } from '@darkroom/runware-client';
import { eventually, startTestS3, uniquePrefix } from '@darkroom/testing';
import type { Redis } from 'ioredis';
import { expect, inject } from 'vitest';
import { settle, type Purchase } from '../src/index.ts';
import { startProvider, type BillLine } from './provider.ts';
import { startWebhookCatcher, type WebhookCatcher } from './webhook-catcher.ts';

const MAX_IMAGE_BYTES = 16 * 1024 * 1024;
const CAP_NANO_USD = 1_000_000_000_000;

export interface Ordered {
  images?: number;
  /** Time from now after which nothing is bought any more. */
  deadlineInMs?: number;
  /** Time from now before which nothing is bought. */
  runInMs?: number;
  /** Age of its id at its enqueue. */
  idAgeMs?: number;
  format?: 'JPG' | 'PNG' | 'WEBP';
  size?: Ratio;
  /** Number of reference images; the switch `maxReferenceImages` can refuse two of them. */
  references?: number;
  /** Reference images in the bucket. */
  inputs?: readonly string[];
}

export interface Circumstances {
  timing?: Partial<Timing>;
  maxSubmissions?: number;
  askForUpload?: boolean;
  /** Time for which the process stood still, in milliseconds; may change during a run. */
  clock?: { stoodStillMs: number };
  /** Longest request to the provider, in milliseconds; 5,000 by default. */
  requestTimeoutMs?: number;
  /** Address of the provider. */
  providerUrl?: string;
}

/** Parts of a purchase, all real: Redis and S3 of this test, the provider as a process, and no worker: a test makes each run. */
export interface PurchaseWorld {
  readonly prefix: string;
  readonly redis: Redis;
  readonly store: GenerationStore;
  readonly storage: ObjectStorage;
  readonly submissions: Submissions;
  readonly settlements: Settlements;
  readonly webhooks: WebhookCatcher;
  /** Warnings of the purchases. */
  readonly warnings: Readonly<Record<string, unknown>>[];
  /** Returns a process that buys, as the worker joins it. */
  purchase(circumstances?: Circumstances): Purchase;
  /** Sets switches of the emulator; unnamed ones go back to the quick defaults. The fleet forgets its trouble with the provider. */
  setFaults(faults: Readonly<Record<string, unknown>>): Promise<void>;
  /**
   * Enqueues a generation of a tenant of its own, named like it.
   * @returns the first submission of its first image.
   */
  enqueue(ordered?: Ordered): Promise<SubmissionRef>;
  bill(): Promise<BillLine[]>;
  /** Returns the number of lines of a kind that the bill has for one submission. */
  billed(ref: SubmissionRef, kind: BillLine['kind']): Promise<number>;
  /** Returns the uploads of a submission in the order of the provider. */
  uploads(ref: SubmissionRef): Promise<BillLine[]>;
  /** Waits until the provider has executed the submission. */
  executed(ref: SubmissionRef): Promise<void>;
  /** Waits until the provider has failed the submission. */
  failed(ref: SubmissionRef): Promise<void>;
  /** Waits until the provider has uploaded an image of the submission. */
  uploaded(ref: SubmissionRef): Promise<Uint8Array>;
  /** Makes Redis look like another run of its server that was compared with S3. */
  restarted(): Promise<void>;
  /** Waits until its deadline has passed, if it has one. */
  pastDeadline(ref: SubmissionRef): Promise<void>;
  /** Writes an object into the bucket, over any earlier one. */
  writeObject(key: string, body: string | Uint8Array): Promise<void>;
  /** PUTs bytes to the upload URL, as the provider or a replay would. */
  upload(ref: SubmissionRef, bytes: Uint8Array | string): Promise<void>;
  /** Makes the next question due, whatever deliveries have caused questions before. */
  due(ref: SubmissionRef): Promise<unknown>;
  /** Makes settle runs until one of them ends the submission; each runs at its own time. */
  comeHome(ref: SubmissionRef, purchase?: Purchase): Promise<void>;
  stop(): Promise<void>;
}

/** Switches under which the provider does not know a task yet when it is asked, so that the task is sent again. */
export const notKnownYet = { pollLagMs: [60_000, 60_000] };

export const nextOf = (ref: SubmissionRef): SubmissionRef => ({ ...ref, n: ref.n + 1 });
export const imageOf = (ref: SubmissionRef, index: number): SubmissionRef => ({ ...ref, index });

/** Asks as the worker does, which also stops taking orders. */
async function askAccess(client: RunwareClient, storage: ObjectStorage): Promise<'open' | 'closed' | 'untried' | 'unclear'> {
  const uploadEndpoint = await storage.presignUpload({ generationId: createGenerationId(Date.now()), index: 0, n: 1 }, 60);
  const { kind } = await client.checkAccount({ dryRun: true, uploadEndpoint });
  return kind === 'open' ? 'open' : kind === 'inconclusive' ? 'unclear' : 'closed';
}

export async function startPurchaseWorld(): Promise<PurchaseWorld> {
  const directory = await mkdtemp(join(tmpdir(), 'darkroom-purchase-'));
  const s3 = await startTestS3();
  const storage = createObjectStorage({ ...s3, requestTimeoutMs: 5000, maxImageBytes: MAX_IMAGE_BYTES }, { now: Date.now });
  const webhooks = await startWebhookCatcher();
  const provider = await startProvider(directory);

  const prefix = uniquePrefix();
  const redis = connectPatient(inject('redisUrl'));
  const store = buildGenerationStore(
    { prefix, retention: { recordSeconds: 600, idempotencySeconds: 600 }, pollRate: { perSecond: 10_000, burst: 10_000 } },
    redis,
  );
  await store.setCaps({ allPerDay: CAP_NANO_USD });
  await store.initialise('epoch-1');
  const submissions = createSubmissions(redis, { prefix });
  const settlements = createSettlements(redis, { prefix });

  const warnings: Record<string, unknown>[] = [];
  const purchase: PurchaseWorld['purchase'] = ({
    timing,
    maxSubmissions = 2,
    askForUpload = true,
    clock,
    requestTimeoutMs = 5000,
    providerUrl,
  } = {}) => {
    const client = createRunwareClient(
      {
        url: providerUrl ?? `http://${provider.host}/v1`,
        apiKey: provider.apiKey,
        requestTimeoutMs,
        imageHosts: [provider.host],
        maxImageBytes: MAX_IMAGE_BYTES,
      },
      { now: Date.now },
    );
    return {
      store,
      archive: storage,
      provider: client,
      access: { isHeld: () => false, ask: () => askAccess(client, storage) },
      waits: buildWaits(submissions, settlements),
      around: {
        monotonicMs: () => performance.now() + (clock?.stoodStillMs ?? 0),
        random: () => 0.5,
        createToken: randomUUID,
        webhookUrl: (ref) => webhooks.urlOf(ref),
        log: () => undefined,
        warn: (event, ref, details) => void warnings.push({ event, ref, ...details }),
      },
      settings: { timing: { ...defaultTiming, ...timing }, maxSubmissions, askForUpload },
    };
  };
  const due: PurchaseWorld['due'] = async (ref) => {
    const key = `${prefix}:submission:${ref.generationId}:${ref.index}-${ref.n}`;
    const [seq, at] = ((await redis.hget(key, 'asked')) ?? '').split(' ');
    if (at !== undefined) await redis.hset(key, 'asked', `${seq} ${at} 0`);
  };
  const { bill } = provider;
  const billed: PurchaseWorld['billed'] = async (ref, kind) =>
    (await bill()).filter((line) => line.kind === kind && line.taskUUID === taskUuidOf(ref)).length;

  return {
    prefix,
    redis,
    store,
    storage,
    submissions,
    settlements,
    webhooks,
    warnings,
    purchase,
    setFaults: async (faults) => {
      await provider.setFaults(faults);
      // Otherwise each test would wait for the trouble of the one before it.
      await store.reportAnswer();
    },
    enqueue: async ({
      images = 1,
      deadlineInMs,
      runInMs,
      format = 'JPG',
      size = '9:19.5',
      references = 0,
      inputs = [],
      idAgeMs = 0,
    } = {}) => {
      const generationId = createGenerationId(Date.now() - idAgeMs);
      const referenceImages = [...Array.from({ length: references }, (_, at) => `https://example.com/${at}.png`), ...inputs];
      const request = parseGrokImagineRequest(
        {
          positivePrompt: `image of ${generationId}`,
          ...sizeOfRatio[size],
          numberResults: images,
          outputFormat: format,
          ...(referenceImages.length > 0 && { inputs: { referenceImages } }),
        },
        { maxReferenceImages: referenceImages.length },
      );
      await store.enqueue({
        generationId,
        tenant: generationId,
        request,
        imageNanoUsd: quote(request).imageNanoUsd,
        ...(deadlineInMs !== undefined && { deadlineAt: Date.now() + deadlineInMs }),
        ...(runInMs !== undefined && { runAt: Date.now() + runInMs }),
      });
      return { generationId, index: 0, n: 1 };
    },
    bill,
    billed,
    writeObject: s3.put,
    uploads: async (ref) => (await bill()).filter(({ kind, taskUUID }) => kind === 'upload' && taskUUID === taskUuidOf(ref)),
    executed: (ref) => eventually(async () => expect(await billed(ref, 'execution'), 'executions').toBe(1)),
    failed: (ref) => eventually(async () => expect(await billed(ref, 'failure'), 'failures').toBe(1)),
    uploaded: (ref) =>
      eventually(async () => {
        const staged = await storage.readStaging(ref);
        if (staged.kind !== 'found') throw new Error(`nothing was uploaded for ${ref.index}-${ref.n}`);
        return staged.bytes;
      }),
    restarted: async () => {
      const compared = await store.readServerRun();
      await redis.set(`${prefix}:server-run`, 'another run');
      await store.confirmComparison(compared);
    },
    pastDeadline: async ({ generationId }) => {
      const { deadlineAt = 0 } = (await store.find(generationId)) ?? {};
      await eventually(() => expect(Date.now()).toBeGreaterThanOrEqual(deadlineAt));
    },
    upload: async (ref, bytes) => {
      const response = await fetch(await storage.presignUpload(ref, 60), { method: 'PUT', body: bytes, headers: { connection: 'close' } });
      expect(response.status).toBe(200);
      await response.arrayBuffer();
    },
    due,
    comeHome: (ref, by = purchase()) =>
      eventually(
        async () => {
          await due(ref);
          expect((await settle(by, ref)).kind, 'the outcome of a settlement').toBe('finished');
        },
        { everyMs: 25 },
      ),
    async stop() {
      await provider.stop();
      await webhooks.stop();
      await Promise.all([submissions.close(), settlements.close()]);
      await redis.quit();
      storage.close();
      await s3.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
