import { Command } from 'commander';
import { groups, type CommandEntry } from './command.ts';
import { longOf, type Argument } from './input.ts';

/** Width of the help in columns, the same in a terminal, on a pipe and on the page. */
const HELP_COLUMNS = 110;

/** A command line as typed: the chosen entry, and the texts of each option and argument by key. */
export interface Typed {
  readonly entry: CommandEntry;
  readonly texts: ReadonlyMap<string, readonly string[]>;
  readonly isJson: boolean;
  readonly isQuiet: boolean;
}

/** Notes about exit codes below the help of the program. */
const EXIT_CODES = `Exit codes:
  0    done
  1    could not be done; the message says why
  2    the command line or a setting is wrong; nothing was done
  3    done, and a person is needed: buying is paused, images are missing, something is left to decide
  130  interrupted

darkroom help <command> says more about one command.`;

/** Options of every command. */
export const commonOptions = [
  { long: '--json', what: 'prints the result as JSON; words for people go to standard error' },
  { long: '--quiet', what: 'prints results and errors alone, nothing about what goes on meanwhile' },
] as const;

/**
 * Builds the parser of these commands; each option of a command line is in its `Typed` with all its texts.
 * @param written Receives what the parser prints: help, version, or a mistake.
 */
export function buildProgram(
  commands: readonly CommandEntry[],
  version: string,
  written: string[],
  onTyped: (typed: Typed) => void,
): Command {
  const program = new Command('darkroom')
    .description('Darkroom, a durable job queue for AI image generation: one command line for users and operators.')
    .version(version, '-V, --version', 'prints the version')
    .helpOption('-h, --help', 'prints this help')
    .helpCommand('help [command]', 'prints the help of a command')
    .usage('<command> [options]')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void written.push(text),
      writeErr: (text) => void written.push(text),
      getOutHelpWidth: () => HELP_COLUMNS,
      getErrHelpWidth: () => HELP_COLUMNS,
    })
    .addHelpText('after', `\n${EXIT_CODES}`);
  for (const group of groups) for (const entry of commands.filter((each) => each.group === group)) addCommand(program, entry, onTyped);
  return program;
}

function addCommand(program: Command, entry: CommandEntry, onTyped: (typed: Typed) => void): void {
  const { name, group, summary, details = [], arguments: words = {}, options = {}, examples } = entry;
  const command = program
    .command(name)
    .helpGroup(`${group}:`)
    .summary(summary)
    .description([`${summary.replace(/^./, (letter) => letter.toUpperCase())}.`, ...details].join('\n\n'))
    .addHelpText('after', describeExamples(examples));
  const texts = new Map<string, string[]>();
  for (const [key, { what, choices, ...form }] of Object.entries(words)) command.argument(termOf(key, form), withChoices(what, choices));
  for (const [key, { what, placeholder, short, choices }] of Object.entries(options)) {
    const long = longOf(key);
    const value = placeholder === undefined ? '' : ` <${placeholder}>`;
    command.option(`${short === undefined ? '' : `-${short}, `}${long}${value}`, withChoices(what, choices));
    // Every text counts: one that is given twice is a mistake, and the parser itself would take the last.
    command.on(`option:${long.slice(2)}`, (text: string | null) => texts.set(key, [...(texts.get(key) ?? []), text ?? '']));
  }
  for (const { long, what } of commonOptions) command.option(long, what);
  command.action(() => {
    Object.entries(words).forEach(([key, { isVariadic }], index) => {
      const given = isVariadic === true ? command.args.slice(index) : command.args.slice(index, index + 1);
      if (given.length > 0) texts.set(key, given);
    });
    const { json, quiet } = command.opts();
    onTyped({ entry, texts, isJson: json === true, isQuiet: quiet === true });
  });
}

const termOf = (key: string, { isOptional, isVariadic }: Pick<Argument<unknown>, 'isOptional' | 'isVariadic'>): string => {
  const name = `${key}${isVariadic === true ? '...' : ''}`;
  return isOptional === true ? `[${name}]` : `<${name}>`;
};

const withChoices = (what: string, choices: readonly string[] | undefined): string =>
  choices === undefined ? what : `${what} (${choices.join(', ')})`;

function describeExamples(examples: CommandEntry['examples']): string {
  return ['', 'Examples:', ...examples.flatMap(([line, does]) => [`  ${line}`, `      ${does}`])].join('\n');
}
