import { commonOptions } from './build-program.ts';
import type { CommandEntry } from './command.ts';
import { longOf } from './input.ts';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** Words that a shell may complete after a command, or after one of its options. */
interface Completion {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly { long: string; what: string; choices: readonly string[]; takesValue: boolean }[];
  /** Words of the command itself. */
  readonly choices: readonly string[];
}

const completionOf = ({ name, summary, options = {}, arguments: words = {} }: CommandEntry): Completion => ({
  name,
  summary,
  options: [
    ...Object.entries(options).map(([key, { what, choices = [], placeholder }]) => ({
      long: longOf(key),
      what,
      choices,
      takesValue: placeholder !== undefined,
    })),
    ...commonOptions.map((each) => ({ ...each, choices: [], takesValue: false })),
    { long: '--help', what: 'prints the help of this command', choices: [], takesValue: false },
  ],
  choices: Object.values(words).flatMap(({ choices = [] }) => choices),
});

/** Writes the script that completes these commands in a shell. Where a value is a file, the shell completes it by itself. */
export function writeCompletion(shell: Shell, commands: readonly CommandEntry[]): string {
  const all = [
    ...commands.map(completionOf),
    { name: 'help', summary: 'prints the help of a command', options: [], choices: commands.map(({ name }) => name) },
  ];
  return { bash: writeBash, zsh: writeZsh, fish: writeFish }[shell](all);
}

const wordsOf = ({ options, choices }: Completion): string => [...choices, ...options.map(({ long }) => long)].join(' ');

function writeBash(all: readonly Completion[]): string {
  const values = all.flatMap(({ name, options }) =>
    options
      .filter(({ takesValue }) => takesValue)
      .map(
        ({ long, choices }) =>
          `    ${name}:${long}) COMPREPLY=(${choices.length === 0 ? '' : `$(compgen -W '${choices.join(' ')}' -- "$word")`}); return ;;`,
      ),
  );
  return [
    '_darkroom() {',
    '  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]}',
    `  if [ "$COMP_CWORD" -eq 1 ]; then COMPREPLY=($(compgen -W '${all.map(({ name }) => name).join(' ')}' -- "$word")); return; fi`,
    '  case $command:$before in',
    ...values,
    '  esac',
    '  case $command in',
    ...all.map((each) => `    ${each.name}) COMPREPLY=($(compgen -W '${wordsOf(each)}' -- "$word")) ;;`),
    '  esac',
    '}',
    'complete -o default -F _darkroom darkroom',
  ].join('\n');
}

/** Quotes a text for zsh and fish, both of which end a quoted text at the next apostrophe. */
const quote = (text: string): string => `'${text.replaceAll("'", '’')}'`;

function writeZsh(all: readonly Completion[]): string {
  const described = (name: string, what: string): string => quote(`${name}:${what.replaceAll(':', ',')}`);
  return [
    '#compdef darkroom',
    '_darkroom() {',
    '  local -a found',
    '  if (( CURRENT == 2 )); then',
    `    found=(${all.map(({ name, summary }) => described(name, summary)).join(' ')})`,
    '    _describe command found; return',
    '  fi',
    '  case "$words[2]:$words[CURRENT-1]" in',
    ...all.flatMap(({ name, options }) =>
      options
        .filter(({ takesValue }) => takesValue)
        .map(({ long, choices }) => `    ${name}:${long}) ${choices.length === 0 ? '_files' : `compadd ${choices.join(' ')}`}; return ;;`),
    ),
    '  esac',
    '  case "$words[2]" in',
    ...all.map(
      ({ name, options, choices }) =>
        `    ${name}) found=(${[...choices.map((each) => quote(each)), ...options.map(({ long, what }) => described(long, what))].join(' ')}) ;;`,
    ),
    '  esac',
    '  _describe option found',
    '}',
    '(( $+functions[compdef] )) && compdef _darkroom darkroom',
  ].join('\n');
}

function writeFish(all: readonly Completion[]): string {
  return all
    .flatMap(({ name, summary, options, choices }) => [
      `complete -c darkroom -n __fish_use_subcommand -f -a ${name} -d ${quote(summary)}`,
      ...(choices.length === 0 ? [] : [`complete -c darkroom -n '__fish_seen_subcommand_from ${name}' -f -a '${choices.join(' ')}'`]),
      ...options.map(({ long, what, choices: values, takesValue }) =>
        [
          `complete -c darkroom -n '__fish_seen_subcommand_from ${name}' -l ${long.slice(2)}`,
          ...(values.length > 0 ? [`-x -a '${values.join(' ')}'`] : takesValue ? ['-r'] : []),
          `-d ${quote(what)}`,
        ].join(' '),
      ),
    ])
    .join('\n');
}
