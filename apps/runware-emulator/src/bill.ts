import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { formatUsd, parseUsd } from '@darkroom/contracts';
import { z } from 'zod';
import { uploadKinds } from './faults/schema.ts';
import { openJsonLines, parseJsonLines } from './json-lines.ts';

const sha256 = z.string().length(64);
const base = { at: z.int(), taskUUID: z.string() };

/** One line of the bill. It holds no prompt, no URL and no key, so it may be kept and shown. */
export const billLineSchema = z.discriminatedUnion('kind', [
  /** A submission arrived; `receipt` counts those of one taskUUID from 1. `taskUUID` is "" if the request had none. */
  z.object({ kind: z.literal('submission'), ...base, receipt: z.int(), promptSha256: sha256 }),
  /** The submission was accepted and will be executed once. `run` counts the executions of one taskUUID, from 1. */
  z.object({ kind: z.literal('acceptance'), ...base, receipt: z.int(), run: z.int() }),
  /** The submission was refused with an error. A submission with neither line was disconnected before a decision. */
  z.object({ kind: z.literal('refusal'), ...base, receipt: z.int(), httpStatus: z.int(), code: z.string() }),
  /** The images were made and charged; written before any client can learn of them. */
  z.object({
    kind: z.literal('execution'),
    ...base,
    run: z.int(),
    costUsd: z.string(),
    promptSha256: sha256,
    /** `seed` is absent on bills of earlier versions. */
    images: z.array(z.object({ imageUUID: z.string(), seed: z.int().optional(), sha256, sizeBytes: z.int() })),
  }),
  /** An accepted task failed; `costUsd` is "0" unless failed tasks are charged. */
  z.object({ kind: z.literal('failure'), ...base, run: z.int(), costUsd: z.string(), code: z.string() }),
  /** These bytes are about to be PUT to the upload address; `content` says how they relate to the image. */
  z.object({
    kind: z.literal('upload'),
    ...base,
    run: z.int(),
    imageUUID: z.string(),
    content: z.enum(uploadKinds),
    sha256,
    sizeBytes: z.int(),
  }),
]);
export type BillLine = z.infer<typeof billLineSchema>;

/** The bill that the emulator writes. */
export interface Bill {
  /** Lines so far, of this process and earlier ones. */
  readonly lines: readonly BillLine[];
  /** Writes a line; returns after it is in the file. */
  record(line: BillLine): void;
  /** Returns the number of submissions of this id. */
  receiptsOf(taskUUID: string): number;
  /** Returns true if this run of the id was charged already. */
  hasCharged(taskUUID: string, run: number): boolean;
  close(): void;
}

/** Opens the bill and continues it. */
export function openBill(file: string): Bill {
  const journal = openJsonLines(file, billLineSchema);
  const lines: BillLine[] = [];
  const receipts = new Map<string, number>();
  const charged = new Set<string>();
  const take = (line: BillLine): void => {
    lines.push(line);
    if (line.kind === 'submission') receipts.set(line.taskUUID, line.receipt);
    if (line.kind === 'execution' || line.kind === 'failure') charged.add(`${line.taskUUID}/${line.run}`);
  };
  journal.before.forEach(take);
  return {
    lines,
    record: (line) => {
      journal.append(line);
      take(line);
    },
    receiptsOf: (taskUUID) => receipts.get(taskUUID) ?? 0,
    hasCharged: (taskUUID, run) => charged.has(`${taskUUID}/${run}`),
    close: journal.close,
  };
}

/** Reads a bill from its file, also while it is being written or after its writer was killed. */
export async function readBill(file: string): Promise<BillLine[]> {
  return parseJsonLines(await readFile(file), billLineSchema, file).lines;
}

/** Returns the sum of the bill, as a decimal string of US dollars. */
export const totalUsd = (lines: readonly BillLine[]): string =>
  formatUsd(lines.reduce((sum, line) => sum + ('costUsd' in line ? parseUsd(line.costUsd) : 0), 0));

/** Returns the hash of a prompt, which the bill holds in its place. */
export const promptSha256 = (prompt: unknown): string =>
  createHash('sha256')
    .update(typeof prompt === 'string' ? prompt : '')
    .digest('hex');
