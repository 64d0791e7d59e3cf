import { createHash } from 'node:crypto';
import { defined, taskUuidOf, type GenerationView } from '@darkroom/contracts';
import { buildErasingStore, type ErasingStore } from '@darkroom/generation-store';
import { createErasingStorage, imageKey, type ErasingStorage } from '@darkroom/object-storage';
import type { Images } from '../src/images/index.ts';
import type { Producer } from '../src/index.ts';
import { createTestingProducer, type Fail, type Outcome, type Succeed } from '../src/testing/index.ts';
import { setupImages } from './images-world.ts';
import { setup } from './world.ts';

/** A producer under test, with a worker's part in the hands of the test. */
export interface Subject extends AsyncDisposable {
  readonly producer: Producer;
  readonly images: Images;
  /** Ends a generation. */
  end(generationId: string, outcome: Outcome): Promise<void>;
  /** Erases what was asked for, in place of an eraser. */
  erase(): Promise<void>;
  /** Makes the next enqueue cross a spend cap. */
  reachCap(): Promise<void>;
  /** Makes the next enqueue cross a bound on open images. */
  fillQueue(): Promise<void>;
  /** Lets a withheld image be seen. */
  release(generationId: string, index: number): Promise<void>;
}

/** Rules of the tenant "default" about its images. */
export interface SubjectRules {
  requireSafetyCheck?: true;
  withholdFlagged?: true;
}

/** The real producer on Redis and S3. In place of a worker, the test commits, sends nothing, and settles. */
async function setupRealSubject(rules: SubjectRules = {}): Promise<Subject> {
  const world = await setup();
  await world.store.applyTenantRules('default', { revision: 1, rules });
  const bucket = await setupImages();
  const { bucket: name, region, endpoint, credentials } = bucket.s3;
  const erasing = createErasingStorage({ bucket: name, region, endpoint, credentials, requestTimeoutMs: 5000 });
  const { producer, store } = world;
  await store.noteWorkerSeen();

  const endImage = async ({ generationId, request, images }: GenerationView, index: number, outcome: Succeed | Fail | undefined) => {
    const ref = { generationId, index, n: 1 };
    if (images[index]?.submissionStatus === 'planned') {
      const commitment = await store.commit(ref, `token-${index}`);
      if (commitment.kind === 'stop') throw new Error(`the commit was stopped: ${commitment.reason}`);
      await store.recordVerdict(ref, commitment.send, 'accepted');
      if (outcome === undefined) return;
      const { reservation } = commitment.intent;
      const common = { version: 1 as const, ...ref, taskUUID: taskUuidOf(ref), settledAt: commitment.now, reservation };
      const paid = { costNanoUsd: reservation.amountNanoUsd, costSource: 'reported' as const };
      if (outcome.kind === 'succeed') {
        const bytes = outcome.bytes ?? new Uint8Array([1]);
        const image = {
          key: imageKey(ref, request.outputFormat),
          format: request.outputFormat,
          contentType: 'image/jpeg',
          width: 1024,
          height: 1024,
          sizeBytes: bytes.length,
          sha256: createHash('sha256').update(bytes).digest('hex'),
        };
        await bucket.storage.keepImage(ref, { format: image.format, contentType: 'image/jpeg' }, bytes);
        await store.settle(ref, {
          result: {
            ...common,
            status: 'succeeded',
            ...paid,
            image,
            seed: 7,
            imageUUID: 'c62f6951-f37f-4019-a51c-0ed55c202732',
            ...defined({ nsfwContent: request.safety.checkContent ? (outcome.nsfwContent ?? false) : undefined }),
            factsFrom: 'delivery',
            road: 'upload',
          },
          ...once,
          code: '',
        });
        return;
      }
      const { code, message = '' } = outcome;
      const status = code === 'image.lost' ? 'lost' : code === 'submission.unknown-outcome' ? 'unknown' : 'failed';
      await store.settle(ref, {
        result: {
          ...common,
          status,
          ...(status === 'lost'
            ? paid
            : status === 'failed'
              ? { costNanoUsd: 0, costSource: 'none' as const }
              : { costSource: 'none' as const }),
          ...defined({ fault: { code, message } }),
        },
        ...once,
        code,
      });
    }
  };

  return {
    producer,
    images: bucket.images,
    async end(generationId: string, outcome: Outcome) {
      const generation = await producer.get(generationId);
      for (const { index } of generation.images) {
        const own =
          outcome.kind === 'each' ? outcome.images[index] : outcome.kind === 'succeed' || outcome.kind === 'fail' ? outcome : undefined;
        await endImage(generation, index, own);
      }
    },
    erase: () => erase(buildErasingStore(world, world.redis), erasing),
    reachCap: () => store.setCaps({ allPerDay: 1 }),
    async fillQueue() {
      await world.redis.hset(`${world.prefix}:limits`, 'openImagesPerTenant', 20);
      await producer.enqueue({ positivePrompt: 'a full queue', numberResults: 20 });
    },
    release: async (generationId, index) => void (await store.releaseImage({ generationId, index, n: 1 })),
    [Symbol.asyncDispose]: async () => {
      await world[Symbol.asyncDispose]();
      erasing.close();
      await bucket[Symbol.asyncDispose]();
    },
  };
}

/** Images of a generation of these tests, at most. */
const MOST_IMAGES = 4;

/** Does the part of an eraser in Redis, as if the bucket held nothing but images, and deletes those. */
async function erase(store: ErasingStore, storage: ErasingStorage): Promise<void> {
  for (;;) {
    for (const due of await store.readDueErasures(100)) {
      if (due.known === undefined) {
        await store.dropErasure(due);
        continue;
      }
      const { generationId } = due;
      await storage.deleteImages(
        generationId,
        Array.from({ length: MOST_IMAGES }, (_, index) => ({ generationId, index, n: 1 })),
      );
      await store.endSweep({
        due,
        tenant: due.known.tenant,
        outline: undefined,
        erasedAt: due.now,
        keepsImages: false,
        sweptUntil: due.now,
        againAt: undefined,
      });
    }
    const [turn] = await store.takeBulkTurn();
    if (turn === undefined) return;
    if (turn.step === 'swept') await store.endBulk(turn);
    else if (turn.step === 'stored') await store.stepBulk(turn, { step: 'swept', place: '' });
    else {
      const { generations, place } = await store.listForBulk(turn, 1);
      await store.takeIntoBulk(turn, generations, { step: place === '' ? 'stored' : 'listed', place });
    }
  }
}

function setupTestingSubject(rules: SubjectRules = {}): Promise<Subject> {
  const producer = createTestingProducer({ outcome: { kind: 'run' }, ...rules });
  return Promise.resolve({
    producer,
    images: producer.images,
    // It runs already.
    end: async (generationId, outcome) => (outcome.kind === 'run' ? undefined : producer.finish(generationId, outcome)),
    erase: () => Promise.resolve(),
    reachCap: async () => producer.next({ kind: 'cap' }),
    fillQueue: async () => producer.next({ kind: 'full' }),
    release: async (generationId, index) => producer.release(generationId, index),
    [Symbol.asyncDispose]: () => producer.close(),
  });
}

/** Both producers, by name. */
export const subjects: readonly [string, (rules?: SubjectRules) => Promise<Subject>][] = [
  ['the real producer', setupRealSubject],
  ['the testing producer', setupTestingSubject],
];

/** No second purchase. */
const once = { countsAsFailure: false, mayResubmit: false, maxSubmissions: 1 };
