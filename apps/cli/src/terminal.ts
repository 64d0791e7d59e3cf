import { styleText } from 'node:util';
import { createLogUpdate } from 'log-update';

/** A writable stream that may be a terminal. */
export type Output = NodeJS.WriteStream;

export type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow';

/** Output of the program; no other code writes to the screen. */
export interface Terminal {
  /** Prints lines that stay. */
  print(...lines: string[]): void;
  /** Prints an error to standard error. */
  complain(text: string): void;
  /** True if a drawing can be replaced in place; if not, print lines instead. */
  readonly isLive: boolean;
  /** Replaces the drawing before it. */
  draw(lines: readonly string[]): void;
  /** Leaves the last drawing where it is. */
  keepDrawing(): void;
  /** Returns the text in a style, or plain where colours are off (no-color.org). */
  paint(style: Style, text: string): string;
}

/** Creates the output. @param environment Read for NO_COLOR, FORCE_COLOR and CI. */
export function createTerminal(output: Output, errors: Output, environment: Readonly<Record<string, string | undefined>>): Terminal {
  const isLive = output.isTTY && (environment['CI'] ?? '') === '';
  const isForced = !['', '0'].includes(environment['FORCE_COLOR'] ?? '');
  const isColoured = (output.isTTY || isForced) && (environment['NO_COLOR'] ?? '') === '';
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
