import type { DarkroomContestant, Figures } from '../contestants/contestant.ts';
import { cloneImage } from '../made/clone-image.ts';
import { measureLoads, UNIT } from './measure-loads.ts';
import { sizeOf, sizesUpTo, spell, type Scenario, type ScenarioContext, type ScenarioResult } from './scenario.ts';
import { darkroom } from './starts.ts';
import { takeTurns, untilReached, withOne, withRedis } from './take-turns.ts';

/** Fewest and most generations. */
const COMPARED = { least: 1000, most: 10_000 };
const REBUILT = { least: 300, most: 3000 };
const QUICK = { most: 1000, least: 100 };
const PAGE = 1000;
/** Longest list that is walked. */
const LISTED = 20_000;
const LIMIT_MS = 3_600_000;

/** Compares a store with its bucket, and lists it. */
export const size: Scenario = {
  name: 'size',
  title: 'Reconcile and list',
  does: `a reconcile and a list per 10,000 finished generations, from ${spell(COMPARED.least)} to ${spell(COMPARED.most)} (--size: up to a million), made of copies`,
  run: (context) =>
    measureSizes(context, COMPARED, async (contestant, finished) => ({
      ...(await measureReconcile(contestant, finished)),
      ...(await measureList(contestant, finished)),
    })),
};

/** Loses Redis, and fills it from the bucket. */
export const rebuild: Scenario = {
  name: 'rebuild',
  title: 'Rebuild',
  does: `fills an empty Redis from the bucket, per 10,000 finished generations, from ${spell(REBUILT.least)} to ${spell(REBUILT.most)} (--size: more), made of copies`,
  run: (context) => measureSizes(context, REBUILT, measureRebuild),
};

/** Grows one store from size to size, and measures it at each. */
async function measureSizes(
  context: ScenarioContext,
  usual: typeof REBUILT,
  measure: (contestant: DarkroomContestant, finished: number) => Promise<Figures>,
): Promise<Pick<ScenarioResult, 'rows' | 'notes'>> {
  const { standIns, isQuick, onProgress } = context;
  return withOne(context, darkroom, (contestant) =>
    withRedis(contestant, async (client) => {
      await contestant.makeImages(1);
      const image = await contestant.getNewestFinished();
      const start = [{ name: 'one alone, not for each' }];
      const rows = await takeTurns(context, start, async () => mapLoads(await measure(contestant, 1), (load) => load / UNIT));
      const idle = rows[0]?.figures ?? {};
      let made = 1;
      for (const finished of sizesUpTo(sizeOf(context, usual.most, QUICK.most), isQuick ? QUICK.least : usual.least)) {
        const clones = await cloneImage(client, image, finished - made, made);
        await standIns.cloneObjects(image, clones);
        made = finished;
        onProgress(`  ${spell(finished)} finished generations are made`);
        const more = await takeTurns(context, [{ name: spell(finished) }], async () =>
          mapLoads(await measure(contestant, finished), (load, name) => load - ((idle[name]?.median ?? 0) * UNIT) / finished),
        );
        rows.push(...more);
      }
      return {
        rows,
        notes: [
          `CPU milliseconds of Redis and of the command, for each ${spell(UNIT)} finished generations, less those of a store of one: a command takes them to begin. All are copies of one image, in Redis and in the bucket. "s" is the time of the whole command. A rebuild opens the store at its end unless workers have put sums of the ledger into the bucket.`,
        ],
      };
    }),
  );
}

/** Changes the processor times among the figures. */
const mapLoads = (figures: Figures, change: (load: number, name: string) => number): Figures =>
  Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, name.endsWith(' ms') ? change(value, name) : value]));

const measureReconcile = (contestant: DarkroomContestant, finished: number): Promise<Figures> =>
  measureLoads('reconcile', contestant, finished, () => contestant.command('reconcile'));

function measureList(contestant: DarkroomContestant, finished: number): Promise<Figures> {
  const listed = Math.min(finished, LISTED);
  return measureLoads('list', contestant, listed, async () => {
    let [seen, cursor]: [number, string | undefined] = [0, undefined];
    do {
      const page = await contestant.producer.list({ limit: PAGE, ...(cursor !== undefined && { cursor }) });
      seen += page.generations.length;
      cursor = page.nextCursor;
    } while (cursor !== undefined && seen < listed);
    if (seen < listed) throw new Error(`the list holds ${seen} generations instead of ${listed}`);
  });
}

const measureRebuild = (contestant: DarkroomContestant, finished: number): Promise<Figures> =>
  withRedis(contestant, async (client) => {
    await contestant.stopWorkers();
    await client.flushall();
    const startedAt = performance.now();
    const [loads, openAfter] = await Promise.all([
      measureLoads('rebuild', contestant, finished, () => contestant.command('rebuild')),
      untilReached(() => contestant.isStoreOpen(), LIMIT_MS, 'the store is open').then(() => (performance.now() - startedAt) / 1000),
    ]);
    return { ...loads, 'open after s': openAfter };
  });
