import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { engineParts } from '../measure/processor-time.ts';
import { repositoryRoot } from '../repository-root.ts';
import type { ScenarioResult } from '../scenarios/scenario.ts';
import { drawBars } from './chart.ts';
import type { Machine } from './machine.ts';
import { renderTable } from './table.ts';

const FILE = join(repositoryRoot, 'docs', 'benchmarks.md');
/** Begins a section that a run writes; the next one, or the part that people write, ends it. */
const SECTION = /^<!-- scenario: ([\w-]+) -->$/m;
/** Begins the part that people write, which no run changes. */
const BY_HAND = '<!-- by hand -->';

/**
 * Writes docs/benchmarks.md and its charts: the sections of these results, each with its machine. Sections of other scenarios stay as an earlier
 * run wrote them.
 */
export function writeReport(results: readonly ScenarioResult[], machine: Machine, settings: Readonly<Record<string, string>>): void {
  const folder = join(repositoryRoot, 'docs', 'benchmarks');
  mkdirSync(folder, { recursive: true });
  const before = existsSync(FILE) ? readFileSync(FILE, 'utf8') : '';
  const [written = '', byHand = ''] = before.split(BY_HAND);
  // Text before the first section, then names and sections in turn.
  const [, ...parts] = written.split(SECTION);
  const sections = new Map(parts.flatMap((name, at) => (at % 2 === 0 ? [[name, (parts[at + 1] ?? '').trim()] as const] : [])));
  for (const result of results) {
    const chart = chartOf(result);
    if (chart !== undefined) writeFileSync(join(folder, `${result.name}.svg`), chart);
    const picture = chart === undefined ? [] : [`![CPU time of an image](benchmarks/${result.name}.svg)`, ''];
    const text = [
      `## ${result.title}`,
      '',
      ...picture,
      renderTable(result),
      '',
      ...result.notes.flatMap((note) => [note, '']),
      describeRun(machine),
    ];
    sections.set(result.name, text.join('\n'));
  }
  const all = [...sections].map(([name, text]) => `<!-- scenario: ${name} -->\n\n${text}\n`);
  writeFileSync(FILE, `${[head(settings), ...all, `${BY_HAND}\n`].join('\n')}\n${byHand.trim()}\n`);
}

const describeRun = (machine: Machine): string =>
  [
    `Measured on ${machine.date} at commit ${machine.commit}: ${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Linux ${machine.kernel}; load before the run ${machine.loadBefore.toFixed(1)};`,
    `Node ${machine.node}, ${Object.entries(machine.versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}.`,
  ].join('\n');

const head = (settings: Readonly<Record<string, string>>): string => `# Benchmarks

Written by \`npm run bench -- --write\`; [packages/bench](../packages/bench/README.md) says how each figure is measured. Compare figures of one
table alone: all rows of a table ran in turns, on one machine, with the same provider and bucket, which cost next to nothing. A figure is the
median of all runs, with the smallest and the largest in brackets. A load above the number of cores says that other programs ran: rates and
times then tell little, and processor times tell by their ratios.

Settings that differ from those with which Darkroom ships: ${Object.entries(settings)
  .map(([name, value]) => `\`${name}=${value}\``)
  .join(', ')}.

*Hold*, *park* and *calls* are what most people write: presign, submit, wait for the webhook, send a HEAD for the object. They keep no records,
count no money and verify no bytes. *Hold* keeps its slot until the webhook has come; *park* gives it back, and the webhook wakes a second
job. *Calls alone* has no queue. The *tuned transport* signs with AWS' own signer and sends by undici, as Darkroom does. The *engine* is worker,
receiver and Redis; the naive workers take webhooks in the worker's process.
`;

/** Draws the load of the engine, for results that have one. */
function chartOf({ title, rows }: ScenarioResult): string | undefined {
  const bars = rows.flatMap(({ name, figures }) => {
    const parts = engineParts.flatMap((part) => {
      const figure = figures[`${part} ms`];
      return figure === undefined ? [] : [{ name: part, value: figure.median }];
    });
    return parts.length === 0 ? [] : [{ name, parts }];
  });
  return bars.length === 0 ? undefined : drawBars(`${title}: CPU time of an image`, 'ms', bars);
}
