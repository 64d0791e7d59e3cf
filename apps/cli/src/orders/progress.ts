import type { Terminal } from '../terminal.ts';
import type { Standing } from './status-words.ts';

/** Display of several orders: one line each, redrawn in place, or a new line for each change. */
export interface Progress {
  /** @param isFinal The order has ended: its clock stops. */
  update(index: number, standing: Standing, isFinal: boolean): void;
  /** Leaves the lines where they are. */
  close(): void;
}

const REDRAW_MS = 100;

/** Creates the display. @param now A monotonic clock, in milliseconds. */
export function createProgress(terminal: Terminal, titles: readonly string[], now: () => number): Progress {
  const width = Math.max(...titles.map((title) => title.length));
  const startedAt = now();
  const rows = titles.map((title) => ({
    title,
    standing: { words: 'queued', style: 'yellow' } as Standing,
    finishedAt: undefined as number | undefined,
  }));
  const lineOf = ({ title, standing, finishedAt }: (typeof rows)[number]): string => {
    const seconds = (((finishedAt ?? now()) - startedAt) / 1000).toFixed(1).padStart(5);
    const mark = finishedAt === undefined ? '·' : standing.style === 'green' ? '✔' : '✖';
    return `  ${terminal.paint(standing.style, mark)} ${title.padEnd(width)}  ${seconds} s  ${terminal.paint(standing.style, standing.words)}`;
  };
  const draw = (): void => terminal.draw(rows.map(lineOf));
  const timer = terminal.isLive ? setInterval(draw, REDRAW_MS) : undefined;
  const show = (row: (typeof rows)[number]): void => (terminal.isLive ? draw() : terminal.print(lineOf(row)));

  return {
    update(index, standing, isFinal) {
      const row = rows[index];
      if (row === undefined || row.finishedAt !== undefined) return;
      const isNews = isFinal || row.standing.words !== standing.words;
      row.standing = standing;
      if (isFinal) row.finishedAt = now();
      if (isNews) show(row);
    },
    close() {
      clearInterval(timer);
      if (!terminal.isLive) return;
      draw();
      terminal.keepDrawing();
    },
  };
}
