import { Writable } from 'node:stream';
import { runCommand } from '../src/app.ts';
import { createTerminal, type Output } from '../src/terminal.ts';

/** The end of a command. */
export interface CommandRun {
  readonly code: number;
  /** Everything that it printed, errors included. */
  readonly output: string;
  /** The part of it that went to standard output. */
  readonly results: string;
}

/**
 * Runs a command in this process, on streams in memory. A process of its own, as `spawnCli` starts it, takes a second of processor time
 * for each of a hundred commands; the tests of `start`, of signals and of the newcomer's mistakes start one.
 */
export async function runHere(words: readonly string[], environment: Readonly<Record<string, string>>): Promise<CommandRun> {
  let output = '';
  let results = '';
  const collect = (take: (text: string) => void): Output =>
    new Writable({
      write(chunk, _encoding, done) {
        take(String(chunk));
        done();
      },
    }) as unknown as Output; // a terminal writes to it, and asks if it is one
  const errors = collect((text) => (output += text));
  const printed = collect((text) => {
    output += text;
    results += text;
  });
  const all = { ...process.env, ...environment };
  const { signal: never } = new AbortController();
  const code = await runCommand({
    words,
    environment: all,
    terminal: createTerminal(printed, errors, all),
    notes: createTerminal(errors, errors, all),
    signals: { stop: never, hurry: never },
  });
  return { code, output, results };
}
