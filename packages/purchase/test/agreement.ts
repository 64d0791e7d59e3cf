import { createHash } from 'node:crypto';
import { formatUsd, parseUsd, taskUuidOf, type GenerationView, type ImageStatus, type SubmissionRef } from '@darkroom/contracts';
import { quarantineKey } from '@darkroom/object-storage';
import { expect } from 'vitest';
import type { PurchaseWorld } from './purchase-world.ts';

export interface Agreed {
  status: GenerationView['status'];
  images: ImageStatus[];
  /** Number of images that were made and billed, over all submissions. */
  executions: number;
  /** Number of submissions that still hold money. */
  held?: number;
  amended?: boolean;
  /** Billed images of which no valid byte reached Darkroom. */
  lost?: number;
}

/**
 * Checks the rules for the end of every story: the provider executed no submission twice, each billed image lies under its own key, and the
 * bill, the entry and the ledger name the same sum.
 */
export async function expectAgreement(world: PurchaseWorld, { generationId }: SubmissionRef, agreed: Agreed): Promise<GenerationView> {
  const view = await world.store.find(generationId);
  if (view === undefined) throw new Error(`generation "${generationId}" has no record`);
  const refs = view.images.flatMap(({ index, submissions }) =>
    Array.from({ length: submissions }, (_, at) => ({ generationId, index, n: at + 1 })),
  );
  expect({ status: view.status, images: view.images.map(({ status }) => status) }).toEqual({
    status: agreed.status,
    images: agreed.images,
  });
  expect(view.amended, 'amended').toBe(agreed.amended ?? false);

  const bill = await world.bill();
  const linesOf = (ref: SubmissionRef) => bill.filter(({ taskUUID }) => taskUUID === taskUuidOf(ref));
  const executions = refs.map((ref) => linesOf(ref).filter(({ kind }) => kind === 'execution'));
  for (const [at, lines] of executions.entries()) expect(lines.length, `executions of ${JSON.stringify(refs[at])}`).toBeLessThanOrEqual(1);
  expect(executions.flat().length, 'executions').toBe(agreed.executions);

  const kept = await Promise.all(refs.map((ref) => isKept(world, ref, view, linesOf(ref))));
  expect(kept.filter((isThere) => !isThere).length, 'billed images that are not kept').toBe(agreed.lost ?? 0);

  const costNanoUsd = refs.flatMap(linesOf).reduce((sum, { costUsd = '0' }) => sum + parseUsd(costUsd), 0);
  const price = view.images.length === 0 ? 0 : await holdOf(world, refs[0]!);
  expect(view.costUsd, 'the cost by the record').toBe(formatUsd(costNanoUsd));
  expect(view.reservedUsd, 'what is held by the record').toBe(formatUsd(price * (agreed.held ?? 0)));
  expect(await ledgerOf(world, generationId)).toEqual({ settled: costNanoUsd, reserved: price * (agreed.held ?? 0) });
  return view;
}

/** Returns true if the billed image lies under the final key of its submission, byte for byte, or if none was billed. */
async function isKept(
  { storage }: PurchaseWorld,
  ref: SubmissionRef,
  { request }: GenerationView,
  lines: Awaited<ReturnType<PurchaseWorld['bill']>>,
): Promise<boolean> {
  const billed = lines.flatMap(({ images = [] }) => images.map(({ sha256 }) => sha256));
  if (billed.length === 0) return true;
  const image = await storage.readImage(ref, request.outputFormat);
  return image.kind === 'found' && billed.includes(createHash('sha256').update(image.bytes).digest('hex'));
}

/** Bytes under quarantine, if there are any. */
export async function readQuarantine({ storage }: PurchaseWorld, ref: SubmissionRef): Promise<Buffer | undefined> {
  const response = await fetch(await storage.presignRead(quarantineKey(ref), 60), { headers: { connection: 'close' } });
  const bytes = Buffer.from(await response.arrayBuffer());
  return response.status === 200 ? bytes : undefined;
}

async function holdOf({ redis, prefix }: PurchaseWorld, { generationId, index, n }: SubmissionRef): Promise<number> {
  return Number(await redis.hget(`${prefix}:submission:${generationId}:${index}-${n}`, 'reserved'));
}

/** Sums of the tenant's ledger, which are the same for its day and its month. */
export async function ledgerOf({ redis, prefix }: PurchaseWorld, tenant: string): Promise<{ settled: number; reserved: number }> {
  const periods = await redis.keys(`${prefix}:spend:tenant:${tenant}:*`);
  const sums = await Promise.all(periods.map((period) => redis.hmget(period, 'settled', 'reserved')));
  const [day, month] = sums.map(([settled, reserved]) => ({ settled: Number(settled ?? 0), reserved: Number(reserved ?? 0) }));
  expect(day, 'the day and the month').toEqual(month);
  return day ?? { settled: 0, reserved: 0 };
}
