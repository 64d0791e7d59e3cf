import { commonOptions } from './build-program.ts';
import { groups, type CommandEntry } from './command.ts';
import { longOf } from './input.ts';
import { commands as allCommands } from './table.ts';

/** Renders the part of docs/command-line.md that follows from the table of commands. */
export const renderCommands = (commands: readonly CommandEntry[] = allCommands): string =>
  [
    '| command | does |',
    '|---|---|',
    ...commands.map(({ name, summary }) => `| [\`${name}\`](#${name}) | ${summary} |`),
    ...groups.flatMap((group) => [`\n## ${group}`, ...commands.filter((each) => each.group === group).map(renderCommand)]),
  ].join('\n');

function renderCommand({ name, summary, details = [], options = {}, arguments: words = {}, examples }: CommandEntry): string {
  const rows = [
    ...Object.entries(words).map(([key, { what, choices, isOptional, isVariadic }]) => {
      const term = `${key}${isVariadic === true ? '...' : ''}`;
      return row(isOptional === true ? `[${term}]` : `<${term}>`, what, choices);
    }),
    ...Object.entries(options).map(([key, { what, placeholder, short, choices }]) =>
      row(
        `${short === undefined ? '' : `-${short}, `}${longOf(key)}${placeholder === undefined ? '' : ` <${placeholder}>`}`,
        what,
        choices,
      ),
    ),
    ...commonOptions.map(({ long, what }) => row(long, what, undefined)),
  ];
  return [
    `\n### ${name}\n`,
    `\`darkroom ${name}\` ${summary}.${details.map((each) => ` ${each}`).join('')}\n`,
    '| option | does |',
    '|---|---|',
    ...rows,
    '\n```sh',
    ...examples.flatMap(([line, does]) => [`# ${does}`, line]),
    '```',
  ].join('\n');
}

const row = (term: string, what: string, choices: readonly string[] | undefined): string =>
  `| \`${term}\` | ${what.replaceAll('|', '\\|').replaceAll(/<[^>]+>/g, (tag) => `\`${tag}\``)}${choices === undefined ? '' : ` (${choices.map((each) => `\`${each}\``).join(', ')})`} |`;
