import { parseArgs } from 'node:util';

export interface BenchSettings {
  isQuick: boolean;
  /** Runs of each contestant. */
  runs: number;
  /** Size of the scenarios instead of their own. */
  size: number | undefined;
  /** Duration of the scenario `hour`, in minutes. */
  minutes: number | undefined;
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
const MAX_SIZE = 1_000_000;
const MAX_MINUTES = 1440;

/** Returns the text of `--help`. @param scenarios Scenarios by name, with what they do. */
export const helpTextOf = (scenarios: Readonly<Record<string, string>>): string => `npm run bench -- [options]

Measures what an image costs, in real processes on this machine: a worker and a receiver of Darkroom beside the workers that most people
write, all with the same provider and bucket, which cost next to nothing. Prints tables and, as the last line, JSON. Needs Linux (/proc).

  --quick            the first six in small, once, in less than a minute; with --only, those scenarios in small
  --only NAMES       scenarios, separated by commas:
${Object.entries(scenarios)
  .map(([name, does]) => `                     ${name}: ${does}`)
  .join('\n')}
  --runs N           runs of each contestant, which take turns; ${MIN_RUNS} when absent, and fewer give no median
  --size N           images, deliveries, made entries or images that wait, instead of the scenario's own number; no effect on
                     enqueue, hour and start
  --minutes N        duration of "hour"
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
        size: { type: 'string' },
        minutes: { type: 'string' },
        only: { type: 'string' },
        compare: { type: 'string' },
      },
    });
    const only = values.only?.split(',').map((name) => name.trim());
    const unknown = only?.find((name) => !scenarioNames.includes(name));
    if (unknown !== undefined) throw new RangeError(`--only takes ${scenarioNames.join(', ')}, got "${unknown}"`);
    const isQuick = values.quick === true;
    const runs = readNumber('runs', values.runs, 1, MAX_RUNS) ?? (isQuick ? 1 : MIN_RUNS);
    const size = readNumber('size', values.size, 10, MAX_SIZE);
    const minutes = readNumber('minutes', values.minutes, 1, MAX_MINUTES);
    if (values.compare !== undefined && !/^[\w./~^-]{1,100}$/.test(values.compare)) throw new RangeError('--compare must name a commit');
    if (values.compare !== undefined && runs < MIN_RUNS) throw new RangeError(`--compare needs --runs ${MIN_RUNS} or more`);
    if (values.compare?.startsWith('-') === true) throw new RangeError('--compare must name a commit');
    return {
      kind: 'run',
      settings: { isQuick, runs, size, minutes, only, compare: values.compare, writes: values.write === true },
    };
  } catch (error) {
    // Of `parseArgs`, or thrown above.
    return {
      kind: 'wrong',
      message: `${error instanceof Error ? error.message : String(error)}\n\nnpm run bench -- --help lists the options`,
    };
  }
}

function readNumber(name: string, value: string | undefined, least: number, most: number): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (!Number.isInteger(number) || number < least || number > most)
    throw new RangeError(`--${name} must be a whole number from ${least} to ${most}, got "${value}"`);
  return number;
}
