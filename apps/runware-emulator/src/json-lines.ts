import { closeSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import { ConfigError } from '@darkroom/contracts';
import type { z } from 'zod';

/** An append-only file of JSON objects, one a line. */
export interface JsonLines<Line> {
  /** Lines in the file when it was opened. */
  readonly before: readonly Line[];
  /** Appends a line; returns when the system has it. The line survives a kill of this process, not a power cut: nothing is synced. */
  append(line: Line): void;
  close(): void;
}

/**
 * Parses the lines of such a file. Skips a torn last line: its writer died before it acted on it.
 * @returns the lines, and the length in bytes of the whole ones.
 * @throws ConfigError if a whole line does not match the schema: the file is of another kind.
 */
export function parseJsonLines<Line>(bytes: Buffer, schema: z.ZodType<Line>, file: string): { lines: Line[]; wholeBytes: number } {
  const wholeBytes = bytes.lastIndexOf('\n') + 1;
  const texts = bytes.subarray(0, wholeBytes).toString('utf8').split('\n').slice(0, -1);
  const lines = texts.map((text, index) => {
    const parsed = schema.safeParse(parseJson(text));
    if (parsed.success) return parsed.data;
    throw new ConfigError([{ path: file, message: `line ${index + 1} is not a line of this kind of file; choose another directory` }], {
      cause: parsed.error,
    });
  });
  return { lines, wholeBytes };
}

/** Opens the file for appending; creates it, readable only by its owner, if it is missing. Removes a torn last line. */
export function openJsonLines<Line>(file: string, schema: z.ZodType<Line>): JsonLines<Line> {
  const descriptor = openSync(file, 'a', 0o600);
  try {
    const { lines, wholeBytes } = parseJsonLines(readFileSync(file), schema, file);
    truncateSync(file, wholeBytes);
    return {
      before: lines,
      append: (line) => writeWhole(descriptor, Buffer.from(`${JSON.stringify(line)}\n`)),
      close: () => closeSync(descriptor),
    };
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

function writeWhole(descriptor: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length;) written += writeSync(descriptor, bytes, written);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
