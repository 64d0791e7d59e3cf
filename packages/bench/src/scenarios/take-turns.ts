import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Figures, ImageMaker } from '../contestants/contestant.ts';
import { formatFigure } from '../report/table.ts';
import { rowOf, type Row, type ScenarioContext } from './scenario.ts';
import type { Start } from './starts.ts';

/** Measures each thing once in a run, in turns, so that what else the machine does strikes them alike. @returns a row for each */
export async function takeTurns<Thing extends { readonly name: string }>(
  { runs, onProgress }: Pick<ScenarioContext, 'runs' | 'onProgress'>,
  things: readonly Thing[],
  measure: (thing: Thing) => Promise<Figures>,
): Promise<Row[]> {
  const figures = new Map<Thing, Figures[]>(things.map((thing) => [thing, []]));
  for (let run = 1; run <= runs; run += 1) {
    for (const [thing, measured] of figures) {
      const found = await measure(thing);
      measured.push(found);
      onProgress(`  run ${run} of ${runs}, ${thing.name}: ${describeFigures(found)}`);
    }
  }
  return [...figures].map(([{ name }, measured]) => rowOf(name, measured));
}

/** Starts contestants one after the other, hands them over, and stops them all in the end; a quick run keeps them for the next scenario. */
export async function withStarted<Made extends ImageMaker, Result>(
  { ground, kept }: Pick<ScenarioContext, 'ground' | 'kept'>,
  starts: readonly Start<Made>[],
  use: (contestants: readonly Made[]) => Promise<Result>,
): Promise<Result> {
  const contestants: Made[] = [];
  try {
    for (const start of starts) {
      // Made by the same start.
      const contestant = (kept?.get(start) as Made | undefined) ?? (await start.start(ground));
      kept?.set(start, contestant);
      contestants.push(contestant);
    }
    return await use(contestants);
  } finally {
    if (kept === undefined) for (const contestant of contestants.toReversed()) await contestant.stop();
  }
}

/** The same for one. */
export const withOne = <Made extends ImageMaker, Result>(
  context: Pick<ScenarioContext, 'ground' | 'kept'>,
  start: Start<Made>,
  use: (contestant: Made) => Promise<Result>,
): Promise<Result> =>
  withStarted(context, [start], ([contestant]) => {
    if (contestant === undefined) throw new Error(`${start.name} did not start`);
    return use(contestant);
  });

/** Connects to the Redis of a contestant, and disconnects in the end. */
export async function withRedis<Result>(
  { redisUrl = '' }: Pick<ImageMaker, 'redisUrl'>,
  use: (client: Redis) => Promise<Result>,
): Promise<Result> {
  const client = new Redis(redisUrl);
  try {
    return await use(client);
  } finally {
    client.disconnect();
  }
}

/** Looks every so many milliseconds until something holds. @param words What then holds. @throws Error with these words at the limit. */
export async function untilReached(holds: () => Promise<boolean> | boolean, limitMs: number, words: string, everyMs = 20): Promise<void> {
  const endsAt = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > endsAt) throw new Error(`not within ${limitMs / 1000} s: ${words}`);
    await delay(everyMs);
  }
}

export const describeFigures = (figures: Figures): string =>
  Object.entries(figures)
    .map(([figure, value]) => `${figure} ${formatFigure(value)}`)
    .join(', ');
