import type { Figures, Ground } from '../contestants/contestant.ts';
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
  does: string;
  /** True for a scenario that `--quick` runs as well. */
  isQuick: boolean;
  run(context: ScenarioContext): Promise<ScenarioResult>;
}

/** Makes a row of the runs of a contestant. */
export function rowOf(name: string, runs: readonly Figures[]): Row {
  const names = Object.keys(runs[0] ?? {});
  return {
    name,
    runs,
    figures: Object.fromEntries(names.map((figure) => [figure, spreadOf(runs.map((run) => run[figure] ?? Number.NaN))])),
  };
}
