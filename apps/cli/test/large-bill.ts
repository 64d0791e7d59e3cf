import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createGenerationId, taskUuidOf, type SubmissionRef } from '@darkroom/contracts';
import { compareBill, type BillSums } from '../src/operate/bill/compare-bill.ts';
import type { Purchase } from '../src/operate/bill/list-purchases.ts';
import { readCharges } from '../src/operate/bill/read-charges.ts';

const CENT = 10_000_000;
const BEGIN = Date.UTC(2026, 10, 2);
const LOOK_EVERY = 20_000;

/** More than the lines of 256 parts of each side that wait for their write, 16,384 characters of each in pieces: 24 MiB were measured. */
export const MOST_BYTES = 32 * 1024 * 1024;

/** Purchases of which no two are the same, twenty a generation, and each time in the same order. */
function* purchasesOf(count: number, ids: readonly string[]): Generator<SubmissionRef> {
  for (let at = 0; at < count; at += 1) yield { generationId: ids[Math.floor(at / 20)]!, index: at % 20, n: 1 };
}

/**
 * Compares an exported file of so many charges with as many purchases, of which one is missing on either side and one has another price.
 * @returns the sums, and the most memory that was in use beyond that before the comparison
 */
export async function compareLargeBill(count: number): Promise<{ sums: BillSums; mostBytes: number; seconds: number }> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void; // V8 defines it by the flag
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-large-bill-'));
  try {
    const ids = Array.from({ length: count / 20 }, () => createGenerationId(BEGIN));
    const file = join(folder, 'usage.csv');
    const lines = function* (): Generator<string> {
      yield 'date,taskUUID,cost\n';
      let at = 0;
      for (const ref of purchasesOf(count, ids)) {
        at += 1;
        yield `2026-11-15T12:00:00Z,${at === 1 ? '3f2504e0-4f89-41d3-9a0c-0305e82c3301' : taskUuidOf(ref)},${at === 2 ? '0.03' : '0.02'}\n`;
      }
    };
    await pipeline(Readable.from(lines()), createWriteStream(file));
    collect();
    const before = process.memoryUsage();
    let mostBytes = 0;
    const look = (): void => {
      collect();
      const { heapUsed, external } = process.memoryUsage();
      mostBytes = Math.max(mostBytes, heapUsed + external - before.heapUsed - before.external);
    };
    async function* looking<Each>(each: AsyncIterable<Each> | Iterable<Each>): AsyncGenerator<Each, void, undefined> {
      let at = 0;
      for await (const one of each) {
        at += 1;
        if (at % LOOK_EVERY === 0) look();
        yield one;
      }
    }
    const booked = function* (): Generator<Purchase> {
      for (const ref of purchasesOf(count, ids)) yield { ref, place: 'in', costNanoUsd: 2 * CENT };
    };
    const startedAt = process.cpuUsage();
    const sums = await compareBill(looking(readCharges(file, '2026-11')), looking(booked()), look);
    const { user, system } = process.cpuUsage(startedAt);
    return { sums, mostBytes, seconds: (user + system) / 1_000_000 };
  } finally {
    await rm(folder, { recursive: true });
  }
}
