import type { DarkroomContestant, Figures } from '../contestants/contestant.ts';
import { cloneImage } from '../made/clone-image.ts';
import { isEngine, readPartMs } from '../measure/processor-time.ts';
import { measureLoads } from './measure-loads.ts';
import { sizeOf, sizesUpTo, spell, type Row, type Scenario } from './scenario.ts';
import { darkroom } from './starts.ts';
import { takeTurns, untilReached, withOne, withRedis } from './take-turns.ts';

/** Most images that wait behind those that are measured, and fewest. */
const WAITING = 10_000;
const LEAST = 1000;
const MEASURED = 500;
/** Generations that have ended, for each that waits at most. */
const FINISHED_TIMES = 10;
const QUICK = { waiting: 500, least: 50, measured: 50 };
/** Images before the first look: the fleet is then at its speed. */
const LEAD = 200;
const CLONES_A_LINE = 100_000;
const LIMIT_MS = 120_000;

/** Measures the cost of an image while others wait, and beside others that have ended. */
export const growth: Scenario = {
  name: 'growth',
  title: 'While others wait, and beside others that have ended',
  does: `an image with ${spell(LEAST)} and ${spell(WAITING)} waiting behind it (--size: more), and beside ten times as many that have ended; a reconcile of those that wait`,
  async run(context) {
    const { isQuick, onProgress } = context;
    const measured = isQuick ? QUICK.measured : MEASURED;
    const sizes = sizesUpTo(sizeOf(context, WAITING, QUICK.waiting), isQuick ? QUICK.least : LEAST);
    const [least = 0, most = 0] = [sizes[0], sizes.at(-1)];
    return withOne(context, darkroom, async (contestant) => {
      const rows: Row[] = [];
      const measureWith = async (waiting: number, words: string): Promise<void> => {
        onProgress(`  queueing until ${spell(waiting)} wait`);
        rows.push(...(await takeTurns(context, [{ name: words }], () => measureGrowth(contestant, waiting, measured))));
        if (isQuick) return;
        await contestant.command('pause', '--reason', 'bench');
        const open = await contestant.countOpen();
        rows.push(
          ...(await takeTurns({ ...context, runs: 1 }, [{ name: `${words}: reconcile` }], () =>
            measureLoads('reconcile', contestant, open, () => contestant.command('reconcile')),
          )),
        );
      };
      await contestant.makeImages(measured);
      const finished = most * FINISHED_TIMES;
      await measureWith(least, `${spell(least)} waiting`);
      await cloneFinished(contestant, finished, onProgress);
      await measureWith(least, `${spell(least)} waiting, ${spell(finished)} finished`);
      for (const waiting of sizes.slice(1)) await measureWith(waiting, `${spell(waiting)} waiting, ${spell(finished)} finished`);
      return {
        rows,
        notes: [
          `Loads are CPU milliseconds for each of ${measured} images, whose enqueue is not counted; those of \`darkroom reconcile\` are for each 10,000 open generations that it looks at, its start with them. The finished ones are copies of one in Redis.`,
        ],
      };
    });
  },
};

const cloneFinished = (contestant: DarkroomContestant, count: number, tell: (line: string) => void): Promise<void> =>
  withRedis(contestant, async (client) => {
    const image = await contestant.getNewestFinished();
    for (let from = 0; from < count; from += CLONES_A_LINE) {
      await cloneImage(client, image, Math.min(CLONES_A_LINE, count - from), from);
      tell(`  ${spell(Math.min(count, from + CLONES_A_LINE))} of ${spell(count)} finished ones are made`);
    }
  });

async function measureGrowth(contestant: DarkroomContestant, waiting: number, measured: number): Promise<Figures> {
  const { parts, countOpen } = contestant;
  const engine = Object.entries(parts).filter(([part]) => isEngine(part));
  const lead = Math.min(LEAD, waiting);
  await contestant.command('pause', '--reason', 'bench');
  await contestant.queueImages(Math.max(0, waiting + measured + lead - (await countOpen())));
  await contestant.command('resume', '--reason', 'bench');
  // As many are in flight at the first look as at the last one.
  const look = async (left: number) => {
    await untilReached(async () => (await countOpen()) <= left, LIMIT_MS, `${left} generations are left`);
    return { open: await countOpen(), cpuMs: engine.map(([part, pid]) => readPartMs(part, pid)) };
  };
  const before = await look(waiting + measured);
  const after = await look(waiting);
  return Object.fromEntries(
    engine.map(([part], at) => [`${part} ms`, ((after.cpuMs[at] ?? 0) - (before.cpuMs[at] ?? 0)) / (before.open - after.open)]),
  );
}
