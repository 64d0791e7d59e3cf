import type { Row, ScenarioResult } from '../scenarios/scenario.ts';
import type { Spread } from '../measure/spread.ts';

const columnsOf = (rows: readonly Row[]): string[] => [...new Set(rows.flatMap(({ figures }) => Object.keys(figures)))];

/** Writes a figure with three digits, and its range if that differs. */
function formatSpread({ median, min, max }: Spread): string {
  const [middle, low, high] = [formatFigure(median), formatFigure(min), formatFigure(max)];
  return low === high ? middle : `${middle} (${low}–${high})`;
}

export function formatFigure(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}

/** Renders the rows of a scenario as a table of Markdown, which a terminal shows well enough. */
export function renderTable({ rows }: Pick<ScenarioResult, 'rows'>): string {
  const columns = columnsOf(rows);
  const lines = rows.map(({ name, figures, absent }) => {
    const cells = columns.map((column) => {
      const spread = figures[column];
      return spread === undefined ? '–' : formatSpread(spread);
    });
    return [absent === undefined ? name : `${name}: ${absent}`, ...cells];
  });
  const head = ['', ...columns];
  const widths = head.map((title, at) => Math.max(title.length, ...lines.map((line) => line[at]?.length ?? 0)));
  const render = (cells: readonly string[]): string =>
    `| ${cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join(' | ')} |`;
  const rule = `| ${widths.map((width, at) => (at === 0 ? '-'.repeat(width) : `${'-'.repeat(Math.max(1, width - 1))}:`)).join(' | ')} |`;
  return [render(head), rule, ...lines.map(render)].join('\n');
}
