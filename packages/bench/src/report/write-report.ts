import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../repository-root.ts';
import type { ScenarioResult } from '../scenarios/scenario.ts';
import { drawBars } from './chart.ts';
import type { Machine } from './machine.ts';
import { renderTable } from './table.ts';

/** Parts of the engine, in the order of a chart. */
const engineParts = ['worker', 'receiver', 'redis'];

/** Writes docs/benchmarks.md and its charts. @param notes What a reader must know of this run. */
export function writeReport(results: readonly ScenarioResult[], machine: Machine, settings: Readonly<Record<string, string>>): void {
  const folder = join(repositoryRoot, 'docs', 'benchmarks');
  mkdirSync(folder, { recursive: true });
  const sections = results.map((result) => {
    const chart = chartOf(result);
    if (chart !== undefined) writeFileSync(join(folder, `${result.name}.svg`), chart);
    const picture = chart === undefined ? [] : [`![CPU time of an image](benchmarks/${result.name}.svg)`, ''];
    return [`## ${result.title}`, '', ...picture, renderTable(result), '', ...result.notes.flatMap((note) => [note, ''])].join('\n');
  });
  writeFileSync(join(repositoryRoot, 'docs', 'benchmarks.md'), `${[head(machine, settings), ...sections].join('\n').trimEnd()}\n`);
}

const head = (machine: Machine, settings: Readonly<Record<string, string>>): string => `# Benchmarks

Written by \`npm run bench -- --write\`; [packages/bench](../packages/bench/README.md) says how each figure is measured. Compare figures of one
table alone: all rows of a table ran in turns, on one machine, with the same provider and bucket, which cost next to nothing. A figure is the
median of all runs, with the smallest and the largest in brackets.

- Machine: ${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Linux ${machine.kernel}; load before the run ${machine.loadBefore.toFixed(1)}
- Versions: Node ${machine.node}, ${Object.entries(machine.versions)
  .map(([name, version]) => `${name} ${version}`)
  .join(', ')}
- Commit ${machine.commit}, ${machine.date}
- Settings that differ from those with which Darkroom ships: ${Object.entries(settings)
  .map(([name, value]) => `\`${name}=${value}\``)
  .join(', ')}

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
