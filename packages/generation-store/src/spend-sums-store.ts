import { isCovered, type CoveredPeriods, type NanoUsd } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { spendSumsKey } from './keys.ts';
import {
  beginWholeScript,
  countMovedScript,
  endWholeScript,
  forgetMovedScript,
  lookAtSumsScript,
  noteFoundScript,
  noteRecordedScript,
  PERIODS_AT_ONCE,
  readMovedScript,
} from './scripts/spend-sums.ts';

/** An object in S3 that others build on. */
export interface SumsBase {
  key: string;
  /** The move up to which it holds all. */
  moves: number;
}

/** The state of the sums in Redis, from which a worker decides what to write into S3. */
export interface SumsLook {
  /** Redis time, in milliseconds since 1970. */
  now: number;
  /** Names the stretch in which this server has forgotten nothing. */
  memory: string;
  /** How often money has moved. */
  moves: number;
  /** True once `:moved-periods` names each period that holds money. */
  isWhole: boolean;
  /** The move up to which S3 holds everything. */
  recorded?: number;
  bases: Partial<Record<1 | 2, SumsBase>>;
}

/** Periods and their sums; undefined for a sum that cannot be read. */
export type ReadSums = [period: string, nanoUsd: NanoUsd | undefined][];

/** The sums of the ledger as they are written into S3: every method is one script or a few. */
export interface SpendSumsStore {
  /** @returns undefined while the memory of Redis is not compared with S3. */
  look(): Promise<SumsLook | undefined>;
  /** Looks for all periods, wherever money may have moved without being followed. @returns false if that goes on. */
  findAll(memory: string, covered: CoveredPeriods): Promise<boolean>;
  countMoved(since: number): Promise<number>;
  /** Reads what has moved since, a page at a time. */
  readMoved(since: number): AsyncGenerator<ReadSums, void, undefined>;
  /** Forgets periods in which nothing can be bought any more. */
  forgetMoved(periods: readonly string[]): Promise<void>;
  /** Keeps what S3 holds. @returns false if Redis may have forgotten something since `look`. */
  noteRecorded(recorded: SumsBase & { memory: string; level: 0 | 1 | 2 }): Promise<boolean>;
}

const number = z.coerce.number();
const optionalNumber = z.union([z.literal('').transform(() => undefined), number]);
const lookSchema = z.union([
  z.tuple([z.literal('not-compared')]),
  z.tuple([number, z.string(), number, z.enum(['0', '1']), optionalNumber, z.string(), optionalNumber, z.string(), optionalNumber]),
]);
const pageSchema = z.tuple([z.string(), z.enum(['0', '1'])]).rest(z.string());
const SCAN_COUNT = 1000;

export function buildSpendSumsStore({ prefix }: { prefix: string }, redis: Redis): SpendSumsStore {
  const key = spendSumsKey(prefix);

  async function* scanPeriods(): AsyncGenerator<string[], void, undefined> {
    const begin = `${prefix}:spend:`;
    let cursor = '0';
    do {
      const [next, keys] = await redis.scan(cursor, 'MATCH', `${begin.replaceAll(/[[\]*?\\]/g, String.raw`\$&`)}*`, 'COUNT', SCAN_COUNT);
      cursor = next;
      yield keys.map((name) => name.slice(begin.length));
    } while (cursor !== '0');
  }

  return {
    async look() {
      const reply = lookSchema.parse(await lookAtSumsScript.run(redis, key, [prefix]));
      if (reply[0] === 'not-compared') return undefined;
      const [now, memory, moves, isWhole, recorded, key1, moves1, key2, moves2] = reply;
      return {
        now,
        memory,
        moves,
        isWhole: isWhole === '1',
        ...(recorded === undefined ? {} : { recorded }),
        bases: {
          ...(moves1 === undefined ? {} : { 1: { key: key1, moves: moves1 } }),
          ...(moves2 === undefined ? {} : { 2: { key: key2, moves: moves2 } }),
        },
      };
    },
    async findAll(memory, covered) {
      const unfollowed = z.string().parse(await beginWholeScript.run(redis, key, [prefix]));
      for await (const names of scanPeriods()) {
        const found = names.filter((name) => isCovered(name, covered));
        for (let at = 0; at < found.length; at += PERIODS_AT_ONCE)
          await noteFoundScript.run(redis, key, [prefix, ...found.slice(at, at + PERIODS_AT_ONCE)]);
      }
      return (await endWholeScript.run(redis, key, [prefix, memory, unfollowed])) === 1;
    },
    countMoved: async (since) => number.parse(await countMovedScript.run(redis, key, [prefix, since])),
    async *readMoved(since) {
      for (let after = String(since), isEnd = false; !isEnd;) {
        const [last, end, ...flat] = pageSchema.parse(await readMovedScript.run(redis, key, [prefix, after]));
        [after, isEnd] = [last, end === '1'];
        const page: ReadSums = [];
        for (let at = 0; at + 1 < flat.length; at += 2) page.push([flat[at] ?? '', flat[at + 1] === '' ? undefined : Number(flat[at + 1])]);
        yield page;
      }
    },
    async forgetMoved(periods) {
      for (let at = 0; at < periods.length; at += PERIODS_AT_ONCE)
        await forgetMovedScript.run(redis, key, [prefix, ...periods.slice(at, at + PERIODS_AT_ONCE)]);
    },
    noteRecorded: async ({ memory, level, key: object, moves }) =>
      (await noteRecordedScript.run(redis, key, [prefix, memory, level, object, moves])) === 1,
  };
}
