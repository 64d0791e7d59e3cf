import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ConfigError, DarkroomError, defined, InvalidRequestError } from '@darkroom/contracts';
import type { Environment } from '@darkroom/service-runtime';
import type { Signals } from '@darkroom/service-runtime/launch';
import { parseCommandLine } from './command-line.ts';
import type { CommandContext, CommandEntry, ExitCode } from './commands/command.ts';
import { commands } from './commands/table.ts';
import { describeRedisLoss } from './operate/redis-loss.ts';
import type { Terminal } from './terminal.ts';

export interface CommandOptions {
  /** Arguments after the name of the program. */
  words: readonly string[];
  environment: Environment;
  terminal: Terminal;
  /** Standard error. Defaults to the errors of `terminal`. */
  notes?: Terminal;
  signals: Pick<Signals, 'stop' | 'hurry'>;
  /** Folder that holds `apps/`. Defaults to that of the installation. */
  programs?: string;
  /** Longest wait of `rebuild` and `reconcile` for a Redis that went away, in milliseconds. Defaults to 20 seconds. */
  goneMs?: number;
}

/** The folder that holds apps/, packages/ and examples/; this file lies three folders under it, compiled or not, and a bundle keeps its place. */
const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Runs the command that the command line names. @returns the exit code. */
export async function runCommand({ words, environment, signals, goneMs, ...options }: CommandOptions): Promise<ExitCode> {
  let isTold = false;
  const heeding = (given: Terminal): Terminal => ({
    ...given,
    complain(text) {
      isTold ||= signals.stop.aborted;
      given.complain(text);
    },
  });
  const terminal = heeding(options.terminal);
  const line = parseCommandLine(words);
  if (line.kind === 'told') {
    terminal.print(line.text);
    return 0;
  }
  if (line.kind === 'wrong') {
    terminal.complain(line.message);
    return 2;
  }
  const notes = hushed(options.notes === undefined ? complaining(terminal) : heeding(options.notes), line.isQuiet);
  let hasAnswered = false;
  const complaints: string[] = [];
  const listening: Terminal = {
    ...hushed(complaining(terminal), line.isQuiet),
    complain(text) {
      complaints.push(text);
      terminal.complain(text);
    },
  };
  const context: CommandContext = {
    environment,
    terminal: line.isJson ? listening : terminal,
    notes,
    signals,
    root,
    programs: options.programs ?? root,
    goneMs,
    isJson: line.isJson,
    commands,
    answer: (data, lines) => {
      hasAnswered = true;
      terminal.print(...(line.isJson ? [JSON.stringify(data)] : lines));
    },
  };
  const code = await orComplain(context, () => untilStopped(line.entry, context, () => line.entry.run(line.values, context)));
  // a refusal that the command has told in words alone
  if (line.isJson && !hasAnswered && complaints.length > 0 && code !== 0) context.answer({ error: { message: complaints.join('\n') } }, []);
  if (code === 0 || !signals.stop.aborted) return code;
  if (!isTold) terminal.complain(`interrupted${line.entry.afterInterruption === undefined ? '' : `; ${line.entry.afterInterruption}`}`);
  return 130;
}

/** Returns a terminal whose lines are all complaints: standard error. */
const complaining = (terminal: Terminal): Terminal => ({
  ...terminal,
  isLive: false,
  print: (...lines) => terminal.complain(lines.join('\n')),
});

/** Returns a terminal that keeps its errors alone, for `--quiet`. */
const hushed = (terminal: Terminal, isQuiet: boolean): Terminal =>
  isQuiet ? { ...terminal, isLive: false, print: nothing, draw: nothing, keepDrawing: nothing } : terminal;

const nothing = (): void => undefined;

/** Time that a command has after the first signal to print how far it got. */
const STOP_LIMIT_MS = 2000;

/**
 * Runs a command, and abandons it soon after the first signal: it may be waiting for a Redis or an S3 that is away. Every command can be
 * run again.
 */
async function untilStopped(
  { endsItself, afterInterruption = 'the same command can be run again' }: CommandEntry,
  { terminal, signals: { stop } }: CommandContext,
  work: () => Promise<ExitCode>,
): Promise<ExitCode> {
  if (endsItself === true) return work();
  const ended = new AbortController();
  const working = work().finally(() => ended.abort());
  const left = async (): Promise<undefined> => {
    await once(stop, 'abort', { signal: ended.signal });
    await delay(STOP_LIMIT_MS, undefined, { signal: ended.signal });
  };
  const code = await Promise.race([working, stop.aborted ? undefined : left().catch(() => working)]);
  if (code !== undefined) return code;
  working.catch(() => undefined); // the command was abandoned, and so are its errors
  terminal.complain(`stopped while waiting for Redis, S3 or the API; ${afterInterruption}`);
  return 130;
}

/** Runs a command, and prints an expected failure as its message, without a stack; with `--json` also as JSON. */
async function orComplain({ terminal, isJson, answer, signals }: CommandContext, work: () => Promise<ExitCode>): Promise<ExitCode> {
  try {
    return await work();
  } catch (error) {
    if (signals.stop.aborted && error === signals.stop.reason) return 130;
    const loss = describeRedisLoss(error);
    // A full disk, for example: Node's message names the file.
    const file = isFileError(error) ? error.message : undefined;
    if (loss === undefined && file === undefined && !(error instanceof DarkroomError)) throw error;
    const known = error instanceof DarkroomError ? error : undefined;
    terminal.complain(known instanceof ConfigError ? `cannot start: ${known.message}` : (loss ?? file ?? known?.message ?? ''));
    // the library's words do not name the right; those of the check beside them do, with the cure
    if (known?.details['reason'] === 'no-permission' && known.cause instanceof Error) terminal.complain(known.cause.message);
    const code = known?.code ?? (file === undefined ? 'queue.unavailable' : undefined);
    if (isJson) answer({ error: defined({ code, message: loss ?? file ?? known?.message }) }, []);
    return known instanceof ConfigError || known instanceof InvalidRequestError ? 2 : 1;
  }
}

const FILE_CALLS = /^(open|read|write|mkdir|rename|close|fsync|unlink|access)$/;
const FILE_CODES = /^(EACCES|EDQUOT|EEXIST|EFBIG|EISDIR|EMFILE|ENAMETOOLONG|ENOENT|ENOSPC|ENOTDIR|EPERM|EROFS)$/;

/** Returns true for an error of a file or a folder, and false for one of a connection or a program. */
function isFileError(error: unknown): error is Error {
  const { syscall, code } = Object(error) as NodeJS.ErrnoException;
  return error instanceof Error && FILE_CALLS.test(syscall ?? '') && FILE_CODES.test(code ?? '');
}
