import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defined } from '@darkroom/contracts';
import { z } from 'zod';
import { readBill, type BillLine } from './bill.ts';
import { readBucket, type BucketEvidence } from './bucket.ts';
import { readSeen, type Seen } from './seen.ts';

/**
 * The judge's evidence, from files alone. The run left the bill and the bucket; it also wrote down what Redis held at the end and
 * what the callers knew.
 */
export interface Evidence extends BucketEvidence {
  bill: readonly BillLine[];
  orders: readonly OrderRecord[];
  /** Each generation as Redis shows it; null if Redis does not know it. */
  generations: Readonly<Record<string, GenerationRecord | null>>;
  ledger: LedgerRecord;
  /** Reasons in words why the whole fleet does not buy after all orders have ended. */
  pauses: readonly string[];
  /** Ids of the events that consumers handled; absent for a run without consumers. */
  events?: ReadonlySet<string>;
  /** Ids of the notifications that the receiver took; absent for a run without one. */
  notifications?: ReadonlySet<string>;
  /** Places in S3 and Redis with words or bytes of which callers were told that they are erased. */
  erasedLeft: readonly string[];
  /** Everything that callers saw of images which may be withheld; absent for a run without such images. */
  seen?: readonly Seen[];
}

/** The kinds of caps. */
export const capNames = ['all:day', 'all:month', 'tenant:day', 'tenant:month'] as const;
export type CapName = (typeof capNames)[number];

const orderSchema = z.object({
  ids: z.array(z.string()),
  images: z.int(),
  /** The tenant who pays; the producer's own tenant when absent. */
  tenant: z.string().optional(),
  /** The hold of each submission of an image; the price without reference images when absent. */
  imageUsd: z.string().optional(),
  /** True if a server on the way answered its sends in the provider's place, and passed those of others. */
  isPoisoned: z.boolean().optional(),
  idempotencyKey: z.string().optional(),
  /** The generation whose images a retry buys again, and their indexes there. */
  retryOf: z.object({ id: z.string(), images: z.array(z.int()) }).optional(),
  /** True for a retry whose caller accepts that an image is paid for again. */
  mayPayAgain: z.boolean().optional(),
  deadlineAt: z.number().optional(),
  cancelledAt: z.number().optional(),
  /** Time at which the caller learned that it has ended, or gave it up. */
  endedAt: z.number().optional(),
  /** Time at which the run ended before its caller had an answer. */
  stoppedAt: z.number().optional(),
  outcome: z.enum(['open', 'final', 'given-up', 'refused']),
  surprise: z.string().optional(),
  /** True if its caller uses the HTTP API. */
  isByHttp: z.boolean().optional(),
  /** True if its request names a receiver of notifications. */
  isNotified: z.boolean().optional(),
  /** Words of its request, once its caller was told that it is erased. */
  erasedWords: z.string().optional(),
  /** Its images are withheld if the provider flags them. */
  withholds: z.boolean().optional(),
  /** The provider flags its images. */
  isFlagged: z.boolean().optional(),
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
      /** The code that its caller gets for a missing image. */
      code: z.string().optional(),
      /** The image that its caller gets, if it succeeded. */
      image: z.object({ key: z.string(), sha256: z.string() }).optional(),
      /** True if its caller does not see it, because the provider flagged it. */
      withheld: z.boolean().optional(),
      /** Sends of its newest submission that the provider did not refuse, as Redis counts them. */
      unrefusedSends: z.int().optional(),
      /** Its sends that were refused, as Redis counts them. */
      refusedSends: z.int().optional(),
      /** True if Redis may have lost one of its sends, because Redis restarted after the first one. */
      isForgotten: z.boolean().optional(),
    }),
  ),
  finishedAt: z.number().optional(),
});
export type GenerationRecord = z.infer<typeof generationSchema>;

const ledgerSchema = z.object({
  /** Each period of the ledger by its name, such as "tenant:acme:day:2026-11-22"; in billionths of a US dollar. */
  periods: z.record(z.string(), z.object({ settledNanoUsd: z.number(), heldNanoUsd: z.number() })),
  /** The caps of the fleet, in US dollars: of all tenants ("all:day") and of each one ("tenant:day"). */
  caps: z.partialRecord(z.enum(capNames), z.string()).optional(),
});
export type LedgerRecord = z.infer<typeof ledgerSchema>;

/** Places of the evidence. */
export interface EvidencePlaces {
  billFile: string;
  /** The bucket of the embedded S3: descriptions under `objects/`, bytes under `blobs/`. */
  bucketDir: string;
  /** Folder that `writeRecords` wrote to. */
  directory: string;
  /** Keys of objects that the run wrote itself, as damage: they are left out. */
  planted?: readonly string[];
}

/** Writes down what only memory and Redis hold. */
export async function writeRecords(
  directory: string,
  { erasedLeft = [], ...records }: Pick<Evidence, 'orders' | 'generations' | 'ledger' | 'pauses'> & Partial<Pick<Evidence, 'erasedLeft'>>,
): Promise<void> {
  for (const [name, value] of Object.entries({ ...records, erasedLeft }))
    await writeFile(join(directory, `${name}.json`), JSON.stringify(value, undefined, 1));
}

/** File to which the consumers of a run append the id of each event that they handle. */
export const EVENTS_FILE = 'events.log';

/** File to which the receiver of a run appends the id of each notification that it takes. */
export const NOTIFICATIONS_FILE = 'notifications.log';

/** Reads all evidence of a finished run. */
export async function readEvidence({ billFile, bucketDir, directory, planted = [] }: EvidencePlaces): Promise<Evidence> {
  const read = async (name: string): Promise<unknown> => JSON.parse(await readFile(join(directory, `${name}.json`), 'utf8'));
  return {
    bill: await readBill(billFile),
    ...(await readBucket(bucketDir, new Set(planted))),
    orders: z.array(orderSchema).parse(await read('orders')),
    generations: z.record(z.string(), generationSchema.nullable()).parse(await read('generations')),
    ledger: ledgerSchema.parse(await read('ledger')),
    pauses: z.array(z.string()).parse(await read('pauses')),
    erasedLeft: z.array(z.string()).parse(await read('erasedLeft')),
    ...defined({
      events: await readIds(join(directory, EVENTS_FILE)),
      notifications: await readIds(join(directory, NOTIFICATIONS_FILE)),
      seen: await readSeen(directory),
    }),
  };
}

async function readIds(file: string): Promise<ReadonlySet<string> | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : new Set(text.split('\n').slice(0, -1));
}
