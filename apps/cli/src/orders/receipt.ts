import { formatUsd, parseUsd, type GenerationView } from '@darkroom/contracts';
import { shownPath } from '../shown-path.ts';
import type { SavedImage } from './save-images.ts';

/** One row of the receipt: a generation and one of its images. */
export interface ReceiptRow {
  generation: GenerationView;
  saved: SavedImage;
}

const PROMPT_WIDTH = 42;
const headings = ['prompt', 'size', 'cost (USD)', 'seconds', 'file'];

/** Lays out the receipt as aligned columns. @param ledger The source of the costs: "on the emulator's bill". */
export function formatReceipt(rows: readonly ReceiptRow[], ledger: string): string[] {
  const cells = rows.map(({ generation, saved }) => [
    shorten(generation.request.positivePrompt),
    `${saved.image.width}x${saved.image.height}`,
    generation.costUsd,
    secondsOf(generation),
    saved.kind === 'saved' ? shownPath(saved.file) : 'not saved: it differs from what was verified',
  ]);
  const table = [headings, ...cells];
  const widths = headings.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const total = formatUsd(rows.reduce((sum, { generation }) => sum + parseUsd(generation.costUsd), 0));
  return [
    ...table.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd()),
    '',
    `  in all ${total} USD, ${ledger}`,
  ];
}

/** Returns the seconds from the order to the verified image, by Redis time. */
const secondsOf = ({ createdAt, finishedAt }: GenerationView): string =>
  finishedAt === undefined ? '' : ((finishedAt - createdAt) / 1000).toFixed(1);

const shorten = (prompt: string): string => (prompt.length <= PROMPT_WIDTH ? prompt : `${prompt.slice(0, PROMPT_WIDTH - 1).trimEnd()}…`);
