import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readBill, type BillLine } from './bill.ts';
import { readBucket, type BucketEvidence } from './bucket.ts';

/**
 * What the judge looks at: files alone. The bill and the bucket are as the run left them; what Redis holds at the end and what
 * the callers know were written down beside them.
 */
export interface Evidence extends BucketEvidence {
  bill: readonly BillLine[];
  orders: readonly OrderRecord[];
  /** What Redis says of each generation; null when it knows none. */
  generations: Readonly<Record<string, GenerationRecord | null>>;
  ledger: LedgerRecord;
  /** What keeps the whole fleet from buying when all orders are over, in words. */
  pauses: readonly string[];
}

/** What a cap is about. */
export const capNames = ['all:day', 'all:month', 'tenant:day', 'tenant:month'] as const;
export type CapName = (typeof capNames)[number];

const orderSchema = z.object({
  ids: z.array(z.string()),
  images: z.int(),
  /** Whose money it spends; the producer's own tenant when absent. */
  tenant: z.string().optional(),
  /** What is held for each submission of an image; the price without reference images when absent. */
  imageUsd: z.string().optional(),
  /** Whether something on the way to the provider answered its sends, and let others pass. */
  isPoisoned: z.boolean().optional(),
  idempotencyKey: z.string().optional(),
  deadlineAt: z.number().optional(),
  cancelledAt: z.number().optional(),
  /** When its caller was told that it is over, or gave it up. */
  endedAt: z.number().optional(),
  outcome: z.enum(['open', 'final', 'given-up', 'refused']),
  surprise: z.string().optional(),
});
export type OrderRecord = z.infer<typeof orderSchema>;

const generationSchema = z.object({
  status: z.enum(['queued', 'running', 'succeeded', 'partial', 'failed', 'cancelled', 'expired']),
  images: z.array(
    z.object({
      index: z.int(),
      status: z.string(),
      submissionStatus: z.string(),
      submissions: z.int(),
      /** Why it has no image, as its caller is told. */
      code: z.string().optional(),
      /** The image that its caller is served, of one that has succeeded. */
      image: z.object({ key: z.string(), sha256: z.string() }).optional(),
      /** Sends of its newest submission that were not refused in so many words, as Redis counts them. */
      unrefusedSends: z.int().optional(),
      /** Whether Redis may have forgotten a send of it, because it was restarted since the first one. */
      isForgotten: z.boolean().optional(),
    }),
  ),
  finishedAt: z.number().optional(),
});
export type GenerationRecord = z.infer<typeof generationSchema>;

const ledgerSchema = z.object({
  /** Each period of the ledger by its name, such as "tenant:acme:day:2026-11-22"; in billionths of a US dollar. */
  periods: z.record(z.string(), z.object({ settledNanoUsd: z.number(), heldNanoUsd: z.number() })),
  /** The caps that the fleet was told, in US dollars: of all tenants ("all:day") and of each one ("tenant:day"). */
  caps: z.partialRecord(z.enum(capNames), z.string()).optional(),
});
export type LedgerRecord = z.infer<typeof ledgerSchema>;

/** Where the parts of the evidence lie. */
export interface EvidencePlaces {
  billFile: string;
  /** Of the embedded S3: descriptions under `objects/`, bytes under `blobs/`. */
  bucketDir: string;
  /** Where `writeRecords` wrote. */
  directory: string;
}

/** Writes down what lives in memory and in Redis alone. */
export async function writeRecords(
  directory: string,
  records: Pick<Evidence, 'orders' | 'generations' | 'ledger' | 'pauses'>,
): Promise<void> {
  for (const [name, value] of Object.entries(records))
    await writeFile(join(directory, `${name}.json`), JSON.stringify(value, undefined, 1));
}

/** Reads all evidence of a run that is over. */
export async function readEvidence({ billFile, bucketDir, directory }: EvidencePlaces): Promise<Evidence> {
  const read = async (name: string): Promise<unknown> => JSON.parse(await readFile(join(directory, `${name}.json`), 'utf8'));
  return {
    bill: await readBill(billFile),
    ...(await readBucket(bucketDir)),
    orders: z.array(orderSchema).parse(await read('orders')),
    generations: z.record(z.string(), generationSchema.nullable()).parse(await read('generations')),
    ledger: ledgerSchema.parse(await read('ledger')),
    pauses: z.array(z.string()).parse(await read('pauses')),
  };
}
