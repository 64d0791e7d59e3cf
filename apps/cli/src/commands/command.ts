import type { Environment } from '@darkroom/service-runtime';
import type { Signals } from '@darkroom/service-runtime/launch';
import type { Terminal } from '../terminal.ts';
import { option, type Argument, type Option } from './input.ts';
import { readPath } from './read-value.ts';

/** Exit codes of the commands: 0 done, 1 could not, 2 misuse, 3 done but a person must act, 130 interrupted. */
export type ExitCode = 0 | 1 | 2 | 3 | 130;

/** Surroundings of a command: its environment, its output and its signals. */
export interface CommandContext {
  readonly environment: Environment;
  /** Shows results to people; with `--json` its lines go to standard error. */
  readonly terminal: Terminal;
  /** Standard error, for what goes on meanwhile. */
  readonly notes: Terminal;
  readonly signals: Pick<Signals, 'stop' | 'hurry'>;
  /** Folder of the installation: holds apps/, packages/ and examples/ in a checkout. */
  readonly root: string;
  /** Folder that holds `apps/`: that of the bundles if this program is one of them, else `root`. */
  readonly programs: string;
  /** Longest wait for a Redis that went away, in milliseconds; undefined: 20 seconds. */
  readonly goneMs: number | undefined;
  readonly isJson: boolean;
  /** The whole table. */
  readonly commands: readonly CommandEntry[];
  /** Prints a result: as one line of JSON with `--json`, else as lines for people. */
  answer(data: unknown, lines: readonly string[]): void;
}

/** Groups of commands in the help, in their order. */
export const groups = ['Images', 'Operation', 'This machine', 'Shell'] as const;

/** An entry of the table of commands: parser, help, page and completion follow from it. */
export interface CommandEntry {
  readonly name: string;
  readonly group: (typeof groups)[number];
  /** Says in a line what the command does: a verb in the third person. */
  readonly summary: string;
  /** Further sentences of the help of this command. */
  readonly details?: readonly string[];
  readonly arguments?: Readonly<Record<string, Argument<unknown>>>;
  readonly options?: Readonly<Record<string, Option<unknown>>>;
  /** Command lines that work, each with what it does. */
  readonly examples: readonly (readonly [line: string, does: string])[];
  /** True if the command stops by itself on a signal; another is abandoned soon after. */
  readonly endsItself?: true;
  /** Tells the person who interrupted the command what it leaves behind. When absent, the person can run the same command again. */
  readonly afterInterruption?: string;
  /** Finds what is wrong with values that are right by themselves. */
  check?(values: Readonly<Record<string, unknown>>): readonly string[];
  /** Does the work. @returns the exit code. @throws DarkroomError: its message is printed, and the exit code is 1, or 2 for a misuse. */
  run(values: Readonly<Record<string, unknown>>, context: CommandContext): Promise<ExitCode>;
}

type ValuesOf<Inputs> = { readonly [Name in keyof Inputs]: Inputs[Name] extends { read(...args: never): infer Value } ? Value : never };

/** Makes an entry of the table; its `run` and `check` get the values that its options and arguments read. */
export function defineCommand<
  const Options extends Readonly<Record<string, Option<unknown>>> = Record<never, never>,
  const Arguments extends Readonly<Record<string, Argument<unknown>>> = Record<never, never>,
>(
  entry: Omit<CommandEntry, 'options' | 'arguments' | 'run' | 'check'> & {
    readonly options?: Options;
    readonly arguments?: Arguments;
    check?(values: ValuesOf<Options> & ValuesOf<Arguments>): readonly string[];
    run(values: ValuesOf<Options> & ValuesOf<Arguments>, context: CommandContext): Promise<ExitCode>;
  },
): CommandEntry {
  // The parser reads the values with these very options and arguments.
  return entry;
}

/** Options of every command that finds its Darkroom by itself. */
export const findingOptions = {
  dataDir: option('folder', 'data folder of npm start or darkroom dev, without DARKROOM_URL and REDIS_URL', readPath),
};
