import { styleText } from 'node:util';
import { createLogUpdate } from 'log-update';

/** What a terminal of Node offers, and a file or a pipe does not. */
export type Output = NodeJS.WriteStream;

export type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow';

/** The one way to the person at the screen; nothing else writes. */
export interface Terminal {
  /** Lines for good. */
  print(...lines: string[]): void;
  /** What went wrong, on standard error. */
  complain(text: string): void;
  /** Whether a drawing can be replaced in place; when it cannot, print lines instead. */
  readonly isLive: boolean;
  /** Replaces the drawing before it. */
  draw(lines: readonly string[]): void;
  /** Leaves the last drawing where it is. */
  keepDrawing(): void;
  /** Text in a style; plain where nobody would see it (no-color.org). */
  paint(style: Style, text: string): string;
}

/** @param environment Looked at for NO_COLOR and CI. */
export function createTerminal(output: Output, errors: Output, environment: Readonly<Record<string, string | undefined>>): Terminal {
  const isLive = output.isTTY && (environment['CI'] ?? '') === '';
  const isColoured = output.isTTY && (environment['NO_COLOR'] ?? '') === '';
  const drawing = createLogUpdate(output);
  return {
    isLive,
    print: (...lines) => void output.write(lines.map((line) => `${line}\n`).join('')),
    complain: (text) => void errors.write(`${text}\n`),
    draw: (lines) => drawing(lines.join('\n')),
    keepDrawing: () => drawing.done(),
    paint: (style, text) => (isColoured ? styleText(style, text) : text),
  };
}
