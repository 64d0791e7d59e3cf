import { parseArgs } from 'node:util';

export interface BenchSettings {
  isQuick: boolean;
  /** Runs of each contestant. */
  runs: number;
  /** Names of the scenarios to run; all when absent. */
  only: readonly string[] | undefined;
  /** An earlier commit to compare this tree with, instead of the scenarios. */
  compare: string | undefined;
  /** True: writes docs/benchmarks.md and its charts. */
  writes: boolean;
}

export type BenchCommand =
  | { kind: 'run'; settings: BenchSettings }
  | { kind: 'help' }
  /** A message that says what is wrong and what is allowed. */
  | { kind: 'wrong'; message: string };

const MIN_RUNS = 3;
const MAX_RUNS = 100;

/** Returns the text of `--help`. @param scenarios Scenarios by name, with what they do. */
export const helpTextOf = (scenarios: Readonly<Record<string, string>>): string => `npm run bench -- [options]

Measures what an image costs, in real processes on this machine: a worker and a receiver of Darkroom beside the workers that most people
write, all with the same provider and bucket, which cost next to nothing. Prints tables and, as the last line, JSON. Needs Linux (/proc).

  --quick            a small run of the pipeline, in less than a minute; with --only, of those scenarios
  --only NAMES       scenarios, separated by commas:
${Object.entries(scenarios)
  .map(([name, does]) => `                     ${name}: ${does}`)
  .join('\n')}
  --runs N           runs of each contestant, which take turns (${MIN_RUNS}, at least ${MIN_RUNS})
  --compare COMMIT   builds an earlier commit, lets it and this tree take turns, and says whether the difference is more than noise
  --write            writes the results to docs/benchmarks.md, with charts`;

/** Parses the words after the name of the program. */
export function parseCommandLine(words: readonly string[], scenarioNames: readonly string[]): BenchCommand {
  if (words.includes('--help') || words.includes('-h')) return { kind: 'help' };
  try {
    const { values } = parseArgs({
      args: [...words],
      options: {
        quick: { type: 'boolean' },
        write: { type: 'boolean' },
        runs: { type: 'string' },
        only: { type: 'string' },
        compare: { type: 'string' },
      },
    });
    const only = values.only?.split(',').map((name) => name.trim());
    const unknown = only?.find((name) => !scenarioNames.includes(name));
    if (unknown !== undefined) throw new RangeError(`--only takes ${scenarioNames.join(', ')}, got "${unknown}"`);
    const runs = Number(values.runs ?? MIN_RUNS);
    if (!Number.isInteger(runs) || runs < MIN_RUNS || runs > MAX_RUNS)
      throw new RangeError(`--runs must be a whole number from ${MIN_RUNS} to ${MAX_RUNS}, got "${values.runs}"`);
    if (values.compare !== undefined && !/^[\w./~^-]{1,100}$/.test(values.compare)) throw new RangeError('--compare must name a commit');
    if (values.compare?.startsWith('-') === true) throw new RangeError('--compare must name a commit');
    return {
      kind: 'run',
      settings: { isQuick: values.quick === true, runs, only, compare: values.compare, writes: values.write === true },
    };
  } catch (error) {
    // Of `parseArgs`, or thrown above.
    return {
      kind: 'wrong',
      message: `${error instanceof Error ? error.message : String(error)}\n\nnpm run bench -- --help lists the options`,
    };
  }
}
