import type { Figures, Ground, ImageMaker } from '../contestants/contestant.ts';
import { spreadOf, type Spread } from '../measure/spread.ts';
import type { StandIns } from '../stand-ins/start-stand-ins.ts';

/** The name of the environment variable with the path of another Node. */
export const OTHER_NODE = 'BENCH_NODE';

export interface ScenarioContext {
  ground: Ground;
  standIns: StandIns;
  /** Runs of each contestant; they alternate. */
  runs: number;
  isQuick: boolean;
  /** Contestants of a quick run, which all its scenarios use, by what started them; otherwise each scenario begins with new ones. */
  kept?: Map<object, ImageMaker>;
  /** Size of the scenarios instead of their own: images, deliveries or made entries, as each says. */
  size?: number | undefined;
  /** Duration of the scenario `hour`, in minutes. */
  minutes?: number | undefined;
  /** Time that the provider takes for an image in most scenarios, in milliseconds. */
  usualDelayMs: number;
  /** Another Node, if one is named and there. */
  otherNode?: string;
  onProgress: (line: string) => void;
}

/** One line of a table of results: what ran, and each figure over all runs. */
export interface Row {
  name: string;
  figures: Readonly<Record<string, Spread>>;
  /** Each run by itself, in order. */
  runs: readonly Figures[];
  /** The reason for a row without figures. */
  absent?: string;
}

export interface ScenarioResult {
  name: string;
  title: string;
  rows: readonly Row[];
  notes: readonly string[];
}

export interface Scenario {
  name: string;
  title: string;
  does: string;
  /** True for a scenario that `--quick` runs without being named. */
  isQuick?: true;
  run(context: ScenarioContext): Promise<Pick<ScenarioResult, 'rows' | 'notes'>>;
}

/** Returns the size of a run: the one that the command line names, or one of these. */
export const sizeOf = ({ size, isQuick }: ScenarioContext, usual: number, quick: number): number => size ?? (isQuick ? quick : usual);

/** Longest time until so many images are submitted, in milliseconds, on a machine that does other things as well. */
export const submitLimitMs = (images: number): number => 20_000 + images * 60;

/** Returns growing sizes, from that many up to the size of a run, each ten times the one before. */
export function sizesUpTo(most: number, from: number): number[] {
  const sizes = [most];
  for (let size = most / 10; size >= from; size /= 10) sizes.unshift(Math.round(size));
  return sizes;
}

/** Writes a count for people. */
export const spell = (count: number): string => count.toLocaleString('en-US');

/** Makes a row of the runs of a contestant. */
export function rowOf(name: string, runs: readonly Figures[]): Row {
  const names = Object.keys(runs[0] ?? {});
  return {
    name,
    runs,
    figures: Object.fromEntries(names.map((figure) => [figure, spreadOf(runs.map((run) => run[figure] ?? Number.NaN))])),
  };
}

/** Makes a row that says why it has no figures, and tells it at once. */
export function absentRow({ onProgress }: Pick<ScenarioContext, 'onProgress'>, name: string, absent: string): Row {
  onProgress(`${name}: ${absent}`);
  return { name, figures: {}, runs: [], absent };
}
