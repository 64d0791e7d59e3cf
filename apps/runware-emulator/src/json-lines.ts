import { closeSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import { ConfigError } from '@darkroom/contracts';
import type { z } from 'zod';

/** An append-only file of JSON objects, one a line. */
export interface JsonLines<Line> {
  /** What the file held when it was opened. */
  readonly before: readonly Line[];
  /** Returns after the system has the line: it outlives a kill of this process (a power cut is not covered, nothing is synced). */
  append(line: Line): void;
  close(): void;
}

/**
 * Reads the lines of such a file. A torn last line is left out: whoever wrote it died before acting on it.
 * @returns The lines, and the length in bytes of the whole ones.
 * @throws ConfigError when a whole line does not fit the schema: the file belongs to something else.
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

/** Opens the file for appending, made if it is missing, readable by its owner only. Cuts off a torn last line. */
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
