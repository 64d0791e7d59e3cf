import { createHash, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGenerationId, formatUsd, taskUuidOf, type SubmissionRef } from '@darkroom/contracts';
import {
  EVENTS_FILE,
  readEvidence,
  writeRecords,
  type Evidence,
  type GenerationRecord,
  type LedgerRecord,
  type OrderRecord,
} from '../../src/judge/evidence.ts';
import { judge, type Judgement } from '../../src/judge/judge.ts';
import { SEEN_FILE } from '../../src/judge/seen.ts';

const PRICE_NANO_USD = 20_000_000;
/** Begin of each history. */
const NOON = Date.UTC(2026, 10, 22, 12);

/** The facts of an image in a record. */
interface ToldInRecord {
  seed?: number;
  imageUUID?: string;
  factsFrom?: 'delivery' | 'provider';
}

/** Creates the history of a run by hand: each call adds one event, and nothing else happens. */
export function createHistory() {
  const bill: object[] = [];
  const objects = new Map<string, string>();
  const orders: OrderRecord[] = [];
  const generations: Record<string, GenerationRecord | null> = {};
  const ledger: LedgerRecord = { periods: {}, caps: {} };
  const pauses: string[] = [];
  const events: string[] = [];
  const seen: { at: number; where: string; what: unknown }[] = [];
  let [at, billText] = [NOON, ''];

  const line = (kind: string, ref: SubmissionRef, fields: object = {}): void => {
    at += 100;
    bill.push({ kind, at, taskUUID: taskUuidOf(ref), ...fields });
  };
  const today = (): string => new Date(at).toISOString().slice(0, 10);
  const tenantOf = ({ generationId }: SubmissionRef): string => orders.find(({ ids }) => ids.includes(generationId))?.tenant ?? 'default';
  const periodsOf = (tenant: string): string[] =>
    ['all', `tenant:${tenant}`].flatMap((owner) => [`${owner}:day:${today()}`, `${owner}:month:${today().slice(0, 7)}`]);
  const recordKey = ({ generationId, index, n }: SubmissionRef): string => `records/2026-11-22/${generationId}/${index}-${n}`;
  const imageKey = ({ generationId, index, n }: SubmissionRef): string => `images/2026/11/22/${generationId}/${index}-${n}.jpg`;

  const servedOf = (ref: SubmissionRef) => ({ key: imageKey(ref), sha256: sha256Of(ref, 1) });
  const imageOf = (ref: SubmissionRef): object => {
    const sizes = { width: 1, height: 1, sizeBytes: 1 };
    return { ...servedOf(ref), format: 'JPG', contentType: 'image/jpeg', ...sizes };
  };

  return {
    bill,
    objects,
    orders,
    generations,
    ledger,
    pauses,
    /** Ids of events that a consumer handled; a run without consumers while there are none. */
    events,
    /** Views of callers of images that may be withheld. */
    seen,
    /** Returns the key of its image and the hash of its bytes. */
    servedOf,
    /** Continues at noon of a day. */
    goTo: (day: string) => (at = Date.parse(`${day}T12:00:00Z`)),
    /** Adds money to one period of the ledger. */
    bookInto(period: string, { settled = 0, held = 0 }): void {
      const { settledNanoUsd, heldNanoUsd } = ledger.periods[period] ?? { settledNanoUsd: 0, heldNanoUsd: 0 };
      ledger.periods[period] = { settledNanoUsd: settledNanoUsd + settled, heldNanoUsd: heldNanoUsd + held };
    },
    /** Adds money to all periods of a tenant. */
    book(nanoUsd: { settled?: number; held?: number }, tenant = 'default'): void {
      for (const period of periodsOf(tenant)) this.bookInto(period, nanoUsd);
    },
    /** Appends text to the bill. */
    scribble: (text: string) => (billText += text),
    /** Adds an order for one image that succeeded. */
    order(fields: Partial<OrderRecord> = {}): SubmissionRef {
      const generationId = createGenerationId(Date.now());
      const ref = { generationId, index: 0, n: 1 };
      orders.push({ ids: [generationId], images: 1, outcome: 'final', ...fields });
      generations[generationId] = {
        status: 'succeeded',
        images: [{ index: 0, status: 'succeeded', submissionStatus: 'succeeded', submissions: 1, image: servedOf(ref) }],
        finishedAt: 5_000,
      };
      return ref;
    },
    /** Sets the end of its only image in Redis. */
    ended(ref: SubmissionRef, status: GenerationRecord['status'], image = status as string): void {
      generations[ref.generationId] = {
        status,
        images: [{ index: 0, status: image, submissionStatus: image, submissions: ref.n }],
        finishedAt: 5_000,
      };
    },
    sent: (ref: SubmissionRef) => line('submission', ref, { receipt: 1 }),
    accepted: (ref: SubmissionRef, run = 1) => line('acceptance', ref, { receipt: 1, run }),
    refused: (ref: SubmissionRef, httpStatus: number, code: string) => line('refusal', ref, { receipt: 1, httpStatus, code }),
    failed: (ref: SubmissionRef, code = 'providerError', costNanoUsd = 0) =>
      line('failure', ref, { run: 1, costUsd: formatUsd(costNanoUsd), code }),
    /** The provider makes the image and bills it. */
    executed: (ref: SubmissionRef, run = 1) => {
      line('execution', ref, {
        run,
        costUsd: formatUsd(PRICE_NANO_USD),
        images: [{ sha256: sha256Of(ref, run), seed: run, imageUUID: `image ${run}` }],
      });
    },
    /** Puts the image into the bucket. */
    kept: (ref: SubmissionRef, under: 'images' | 'quarantine' = 'images', run = 1) =>
      objects.set(under === 'images' ? imageKey(ref) : `quarantine/${taskUuidOf(ref)}`, bytesOf(ref, run)),
    /** Returns the key of its image. */
    imageKey,
    /** Puts its result into the bucket, and its cost into the ledger. */
    settled(
      ref: SubmissionRef,
      status: 'succeeded' | 'failed' | 'lost' | 'unknown',
      costNanoUsd = status === 'failed' ? 0 : PRICE_NANO_USD,
      { as = 'result', ...told }: { road?: 'upload' | 'image-url'; as?: 'result' | 'amendment' } & ToldInRecord = {},
    ): void {
      const tenant = tenantOf(ref);
      this.book({ settled: costNanoUsd }, tenant);
      const result = { version: 1, ...ref, taskUUID: taskUuidOf(ref), status, settledAt: at, costSource: 'reported', costNanoUsd, ...told };
      objects.set(
        `${recordKey(ref)}.${as}.json`,
        JSON.stringify({
          ...result,
          ...(status === 'succeeded' ? { image: imageOf(ref) } : {}),
          reservation: { amountNanoUsd: PRICE_NANO_USD, periods: periodsOf(tenant) },
        }),
      );
    },
    /** Marks its image as succeeded in Redis, served from this submission. */
    served(ref: SubmissionRef): void {
      const [image] = generations[ref.generationId]?.images ?? [];
      if (image?.status === 'succeeded') Object.assign(image, { submissions: ref.n, image: servedOf(ref) });
    },
    /** Adds an image that is ordered, made, kept and settled. */
    bought(ref: SubmissionRef): void {
      this.served(ref);
      this.sent(ref);
      this.accepted(ref);
      this.executed(ref);
      this.kept(ref);
      this.settled(ref, 'succeeded');
    },
    /** Writes all files, reads them and judges them. */
    async judge(): Promise<{ judgement: Judgement; evidence: Evidence }> {
      const directory = await mkdtemp(join(tmpdir(), 'darkroom-history-'));
      try {
        const [bucketDir, billFile] = [join(directory, 'bucket'), join(directory, 'bill.jsonl')];
        await writeFile(billFile, bill.map((each) => `${JSON.stringify(each)}\n`).join('') + billText);
        for (const folder of ['objects', 'blobs']) await mkdir(join(bucketDir, folder), { recursive: true });
        for (const [key, bytes] of objects) {
          const blob = randomUUID();
          await writeFile(join(bucketDir, 'objects', `${blob}.json`), JSON.stringify({ key, blob }));
          await writeFile(join(bucketDir, 'blobs', blob), bytes);
        }
        await writeRecords(directory, { orders, generations, ledger, pauses });
        if (events.length > 0) await writeFile(join(directory, EVENTS_FILE), events.map((id) => `${id}\n`).join(''));
        if (seen.length > 0) await writeFile(join(directory, SEEN_FILE), seen.map((each) => `${JSON.stringify(each)}\n`).join(''));
        const evidence = await readEvidence({ billFile, bucketDir, directory });
        return { evidence, judgement: judge(evidence) };
      } finally {
        await rm(directory, { recursive: true });
      }
    },
  };
}

const sha256Of = (ref: SubmissionRef, run: number): string => createHash('sha256').update(bytesOf(ref, run)).digest('hex');
const bytesOf = (ref: SubmissionRef, run: number): string => `image of ${taskUuidOf(ref)}, run ${run}`;
