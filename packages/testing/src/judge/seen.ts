import { appendFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** File of a run to which everything is written that callers saw of images which may be withheld: views, lists, URLs and events. */
export const SEEN_FILE = 'seen.jsonl';

/** Writes down what a caller sees. @param where Place, such as "list". */
export type NoteSeen = (where: string, what: unknown) => void;

/** Appends to the file of a run, a line each. */
export const noteSeenIn =
  (file: string): NoteSeen =>
  (where, what) =>
    appendFileSync(file, `${JSON.stringify({ at: Date.now(), where, what })}\n`);

/** One thing that a caller saw. */
export interface Seen {
  /** Time at which it was seen, in milliseconds since 1970. */
  at: number;
  where: string;
  /** All of it, as text. */
  text: string;
}

/** Reads what callers saw; undefined for a run that wrote nothing down. A line that a kill tore counts as seen before every release. */
export async function readSeen(directory: string): Promise<Seen[] | undefined> {
  const content = await readFile(join(directory, SEEN_FILE), 'utf8').catch(() => undefined);
  return content
    ?.split('\n')
    .filter((text) => text !== '')
    .map((text) => {
      const [, at = '0', where = 'a torn line'] = /^\{"at":(\d+),"where":"([^"]*)"/.exec(text) ?? [];
      return { at: Number(at), where, text };
    });
}
