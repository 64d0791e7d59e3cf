import { join } from 'node:path';
import { judge, type Judgement } from '../judge/judge.ts';
import { readEvidence, writeRecords } from '../judge/evidence.ts';
import { findErasedLeft } from '../judge/erased-left.ts';
import { isAsPromised } from '../judge/five-figures.ts';
import type { CrashPoint, TapOrder } from './order.ts';
import { derivePoints, describePoint, isInShare, type Share } from './points.ts';
import { takeSlice } from './slice.ts';
import type { Trace } from './tap.ts';
import { startCrashWorld, type CrashPlaces, type CrashWorld, type CrashWorldOptions } from './world.ts';

/** An action of a process whose result must not depend on the point at which the process dies. */
export interface CrashScenario {
  /** Name, in the words of a test. */
  readonly name: string;
  readonly world?: CrashWorldOptions;
  /**
   * Number of worlds that strike all points at the same time, each a share of them; one when absent. A slice is struck in one world: a world
   * takes its start and its golden runs, which are as long as the few points of a slice.
   */
  readonly worlds?: number;
  /** Runs once, before everything else. */
  prepare?(world: CrashWorld): Promise<void>;
  /** Records the requests of the process while it has no work; none when absent. */
  idle?(world: CrashWorld): Promise<Trace>;
  /** Strikes for each idle request. Idle requests are the same in every scenario, so they are not struck when absent. */
  readonly idleStrikes?: number;
  /** Runs the action once under the order, until a killed process was started again and all work has ended. */
  pass(world: CrashWorld, order: TapOrder): Promise<Trace>;
  /** Checks at the end what the judge does not. @returns problems, in words. */
  check?(world: CrashWorld): Promise<string[]>;
}

export interface CrashReport {
  /** Points of the scenario without twins. */
  found: number;
  /** Points of this run. */
  points: number;
  /** Points that are the same moment as another point. */
  twins: number;
  /** Points at which a process died, with a judged result. */
  struck: number;
  /** Points that no repetition reached, although a golden run at the end has them. */
  missed: string[];
  /** Points that no repetition reached, and that a golden run at the end has no more: the machine was busier at the beginning. */
  gone: string[];
  /** Problems, each with the point before it. */
  findings: string[];
}

/** Number of golden runs: only a request of all of them is a point. */
const GOLDEN_RUNS = 3;
/** Tries for each point: a webhook that comes sooner may spare a poll. */
const TRIES = 2;
/** Rounds of tries: a point that was missed gets another one at the end, when a busy machine may behave differently. */
const ROUNDS = 3;
/** Failures that end a run: the rest would take long to show the same. */
const ENOUGH_FAILURES = 5;

export interface CrashRunOptions {
  /** Selects the points to strike, twins among them. When absent: every point, and no twin. */
  only?: (point: CrashPoint) => boolean;
  /** Strikes this slice of the points alone, from 1. */
  slice?: number;
  /** Number of points with a problem that ends the run. */
  enoughFailures?: number;
}

/** Finds every request of a scenario, kills its process before and after each one, and judges the result by the provider's bill. */
export async function runCrashPoints(scenario: CrashScenario, places: CrashPlaces, options: CrashRunOptions = {}): Promise<CrashReport> {
  const worlds = options.slice === undefined ? (scenario.worlds ?? 1) : 1;
  const reports = await Promise.all(
    Array.from({ length: worlds }, (_, at) =>
      strikeShare(scenario, { ...places, directory: join(places.directory, `world-${at}`) }, { at, of: worlds }, options),
    ),
  );
  const sum = (count: 'found' | 'points' | 'twins' | 'struck'): number => reports.reduce((total, report) => total + report[count], 0);
  return {
    found: sum('found'),
    points: sum('points'),
    twins: sum('twins'),
    struck: sum('struck'),
    missed: reports.flatMap(({ missed }) => missed),
    gone: reports.flatMap(({ gone }) => gone),
    findings: reports.flatMap(({ findings }) => findings),
  };
}

async function strikeShare(
  scenario: CrashScenario,
  places: CrashPlaces,
  share: Share,
  { only, slice, enoughFailures = ENOUGH_FAILURES }: CrashRunOptions,
): Promise<CrashReport> {
  const world = await startCrashWorld(places, scenario.world ?? {});
  try {
    await scenario.prepare?.(world);
    const idle = new Set((await scenario.idle?.(world))?.steps.map(({ request }) => request));
    const traces: Trace['steps'][] = [];
    for (let run = 0; run < GOLDEN_RUNS; run += 1) traces.push((await scenario.pass(world, { kind: 'trace' })).steps);
    const derived = derivePoints(traces, idle, scenario.idleStrikes ?? 0);
    const distinct = derived.points.filter((point) => isInShare(point, share));
    const twins = derived.twins.filter((point) => isInShare(point, share));
    const selected = only === undefined ? distinct : [...distinct, ...twins].filter(only);
    const points = slice === undefined ? selected : takeSlice(selected, slice);

    const findings: string[] = [];
    const missed = [...points];
    const blame = new Map<string, CrashPoint>();
    let struck = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const at of missed.splice(0)) {
        if (findings.length >= enoughFailures) break;
        if (await strikeAt(scenario, world, at, findings, blame)) struck += 1;
        else missed.push(at);
      }
    }
    const last = missed.length === 0 ? [] : [(await scenario.pass(world, { kind: 'trace' })).steps];
    const { points: lastPoints, twins: lastTwins } = derivePoints(last, idle, scenario.idleStrikes ?? 0);
    const there = new Set([...lastPoints, ...lastTwins].map(describePoint));
    findings.push(...((await scenario.check?.(world)) ?? []));
    const judgement = await judgeWorld(world);
    if (!isAsPromised(judgement)) findings.push(...linesOf(judgement).map((line) => withBlame(line, blame)));
    const names = missed.map(describePoint);
    return {
      found: distinct.length,
      points: points.length,
      twins: twins.length,
      struck,
      missed: names.filter((name) => there.has(name)),
      gone: names.filter((name) => !there.has(name)),
      findings,
    };
  } finally {
    await world.stop();
  }
}

async function strikeAt(
  scenario: CrashScenario,
  world: CrashWorld,
  at: CrashPoint,
  findings: string[],
  blame: Map<string, CrashPoint>,
): Promise<boolean> {
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const known = world.orders.length;
    let trace: Trace | undefined;
    try {
      trace = await scenario.pass(world, { kind: 'die', at });
    } catch (error) {
      findings.push(`${describePoint(at)}: ${error instanceof Error ? error.message : String(error)}`);
      return true;
    } finally {
      for (const id of world.orders.slice(known).flatMap(({ ids }) => ids)) blame.set(id, at);
    }
    if (trace.died !== undefined) return true;
  }
  return false;
}

async function judgeWorld({ directory, stack, records, redis, orders }: CrashWorld): Promise<Judgement> {
  const { billFile, prefix, s3 } = stack;
  await writeRecords(directory, {
    erasedLeft: await findErasedLeft({ redis, prefix, bucketDir: s3.bucketDir, billFile }, orders),
    orders,
    generations: await records.readGenerations(orders),
    ledger: await records.readLedger(),
    pauses: await records.readPauses(),
  });
  return judge(await readEvidence({ billFile: stack.billFile, bucketDir: stack.s3.bucketDir, directory }));
}

const linesOf = ({ ledgerDifferenceNanoUsd, capCrossedNanoUsd: _, ...lists }: Judgement): string[] => [
  ...Object.entries(lists).flatMap(([kind, lines]) => lines.map((line) => `${kind}: ${line}`)),
  ...(ledgerDifferenceNanoUsd === 0 ? [] : [`the ledger and the bill differ by ${ledgerDifferenceNanoUsd} billionths of a USD`]),
];

function withBlame(line: string, blame: ReadonlyMap<string, CrashPoint>): string {
  const point = [...blame].find(([id]) => line.includes(id))?.[1];
  return point === undefined ? line : `${line} (died ${describePoint(point)})`;
}
