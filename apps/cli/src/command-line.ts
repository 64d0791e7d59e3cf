import { CommanderError } from 'commander';
import { findMeant } from '@darkroom/contracts';
import { buildProgram, commonOptions, type Typed } from './commands/build-program.ts';
import type { CommandEntry } from './commands/command.ts';
import { longOf, WrongValue } from './commands/input.ts';
import { mayBeAddress } from './commands/read-value.ts';
import { readVersion } from './commands/read-version.ts';
import { commands as allCommands } from './commands/table.ts';

/** A parsed command line. */
export type CommandLine =
  /** The chosen entry of the table, and the values of its options and arguments by key. */
  | { kind: 'run'; entry: CommandEntry; values: Readonly<Record<string, unknown>>; isJson: boolean; isQuiet: boolean }
  /** Help or version: a text to print. */
  | { kind: 'told'; text: string }
  /** A wrong command line; the message says in a line what is wrong, what may be meant, and where to read on. */
  | { kind: 'wrong'; message: string };

/** Longest part of a typed word that a message repeats, in characters. */
const MAX_REPEATED = 60;

/** Parses the arguments after the name of the program. */
export function parseCommandLine(words: readonly string[], commands: readonly CommandEntry[] = allCommands): CommandLine {
  const written: string[] = [];
  let typed: Typed | undefined;
  const program = buildProgram(commands, readVersion(), written, (each) => (typed = each));
  const isHelpOfUnknown = words[0] === 'help' && words[1] !== undefined && !commands.some(({ name }) => name === words[1]);
  try {
    program.parse(words.length === 0 ? ['help'] : isHelpOfUnknown ? words.slice(1) : words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (['commander.help', 'commander.helpDisplayed', 'commander.version'].includes(error.code))
      return { kind: 'told', text: written.join('').trimEnd() };
    const entry = commands.find(({ name }) => name === words[0]);
    return wrong(entry, [describeMistake(error, entry)]);
  }
  if (typed === undefined) throw new Error('the parser chose no command');
  return readValues(typed);
}

const wrong = (entry: CommandEntry | undefined, problems: readonly string[]): CommandLine => {
  const name = entry === undefined ? 'darkroom' : `darkroom ${entry.name}`;
  const [last, ...others] = problems.toReversed();
  const lines = [...others.toReversed(), `${last}; see ${name} --help`];
  return { kind: 'wrong', message: lines.map((line) => `${name}: ${line}`).join('\n') };
};

/** Turns the words of the parser into one line of ours, with its suggestion or a better one. */
function describeMistake({ message, code }: CommanderError, entry: CommandEntry | undefined): string {
  if (code === 'commander.excessArguments') {
    const taken = Object.keys(entry?.arguments ?? {});
    return `too many words: it takes ${taken.length === 0 ? 'only options' : taken.map((each) => `<${each}>`).join(' ')} after its name`;
  }
  const [said = '', hint] = message.replace(/^error: /, '').split('\n');
  // An address may hold a password, and a word may be as long as a file.
  const repeated = said
    .replaceAll(/'([^]*)'/g, (_, word: string) =>
      mayBeAddress(word) ? 'a value that may be an address and is not repeated' : `"${word.slice(0, MAX_REPEATED)}"`,
    )
    .replace(/\.$/, '');
  if (hint !== undefined && !mayBeAddress(hint)) return `${repeated} ${hint.replace('(D', '(d')}`;
  if (code !== 'commander.unknownOption' || entry === undefined) return repeated;
  const meant = findOption(/'(-[^']*)'/.exec(said)?.[1] ?? '', Object.keys(entry.options ?? {}).map(longOf));
  return meant === undefined ? repeated : `${repeated} (did you mean ${meant}?)`;
}

/** Guesses an option from the names that settings and other programs use for it: `--daily-cap-usd` is `--day`. */
const findOption = (given: string, known: readonly string[]): string | undefined =>
  findMeant(given, known) ??
  findMeant(
    given
      .replace('daily', 'day')
      .replace('monthly', 'month')
      .replaceAll(/-?(cap|usd|limit)\b/g, ''),
    known,
  );

/** Reads all options and arguments, and finds everything that is wrong with them at once. */
function readValues({ entry, texts, isJson, isQuiet }: Typed): CommandLine {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  const attempt = (key: string, read: () => unknown): void => {
    try {
      values[key] = read();
    } catch (error) {
      if (!(error instanceof WrongValue)) throw error;
      problems.push(...error.problems);
    }
  };
  const longs = [...Object.keys(entry.options ?? {}).map(longOf), ...commonOptions.map(({ long }) => long), '--help'];
  for (const [key, option] of Object.entries(entry.options ?? {})) {
    const [given, long] = [texts.get(key) ?? [], longOf(key)];
    const isFlag = option.placeholder === undefined;
    if (option.isRepeatable !== true && given.length > 1) problems.push(`${long} is given twice, and counts once`);
    else if (!isFlag && given.some((text) => text.trim() === '')) problems.push(`${long} must have a value, and it is empty`);
    else if (!isFlag && given.some((text) => longs.includes(text.split('=')[0] ?? ''))) problems.push(`${long} must have a value`);
    else attempt(key, () => option.read(given, long));
  }
  for (const [key, argument] of Object.entries(entry.arguments ?? {})) attempt(key, () => argument.read(texts.get(key) ?? [], key));
  if (problems.length === 0) problems.push(...(entry.check?.(values) ?? []));
  return problems.length === 0 ? { kind: 'run', entry, values, isJson, isQuiet } : wrong(entry, problems);
}
