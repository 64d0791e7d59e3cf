import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ConfigError, DarkroomError, defined } from '@darkroom/contracts';
import type { Environment } from '@darkroom/service-runtime';
import type { Signals } from '@darkroom/service-runtime/launch';
import { parseCommandLine, type Command } from './command-line.ts';
import { loadConfig } from './config.ts';
import { helpText } from './help-text.ts';
import { describeDeliveryPaths, listDeliveryPaths } from './laptop/delivery-paths.ts';
import { describeQuote, findCapProblem, laptopCap } from './laptop/quote.ts';
import { examine } from './operate/examine.ts';
import { openOperations } from './operate/open-operations.ts';
import { operate, type OperatorCommand } from './operate/operate.ts';
import { describeRedisLoss } from './operate/redis-loss.ts';
import { rebuildStore } from './operate/rebuild.ts';
import { reconcileOnce } from './operate/reconcile.ts';
import { runProbe } from './probe/run-probe.ts';
import type { StartOptions } from './start.ts';
import type { Terminal } from './terminal.ts';

export interface CommandLine {
  /** Arguments after the name of the program. */
  words: readonly string[];
  environment: Environment;
  terminal: Terminal;
  signals: Pick<Signals, 'stop' | 'hurry'>;
  /** Longest wait of `rebuild` and `reconcile` for a Redis that went away, in milliseconds. Defaults to 20 seconds. */
  goneMs?: number;
}

/** The folder that holds apps/, packages/ and examples/; this file lies three folders under it, compiled or not. */
const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Runs the command that the command line names. @returns the exit code: 2 for a wrong command line or wrong settings. */
export async function runCommand(line: CommandLine): Promise<number> {
  const { words, environment, terminal, signals } = line;
  const command = parseCommandLine(words);
  try {
    switch (command.kind) {
      case 'help':
        terminal.print(helpText);
        return 0;
      case 'wrong':
        terminal.complain(command.message);
        return 2;
      case 'start':
        return await startOrQuote(command, line);
      case 'doctor':
        return await untilStopped(line, () => examine({ environment, terminal, dataDir: command.dataDir, root }));
      case 'reconcile':
        return await untilStopped(line, () => orComplain(line, () => reconcileOnce({ ...operated(command, line), stop: signals.stop })));
      case 'rebuild':
        return await untilStopped(line, () =>
          orComplain(line, () => rebuildStore(command, { ...operated(command, line), stop: signals.stop })),
        );
      case 'probe':
        return await runProbe({ command, environment, terminal, stop: signals.stop });
      case 'status':
      case 'spend':
      case 'caps':
      case 'limits':
      case 'tenant':
      case 'release':
      case 'unknown':
      case 'pause':
      case 'resume':
        return await untilStopped(line, () => orComplain(line, () => operateOn(command, line)));
      default:
        return command satisfies never;
    }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    terminal.complain(`cannot start: ${error.message}`);
    return 2;
  }
}

async function startOrQuote(command: Extract<Command, { kind: 'start' }>, line: CommandLine): Promise<number> {
  const { environment, terminal, signals } = line;
  const config = loadConfig(environment);
  if (config.runware === undefined) {
    if (!command.buy) return startHere({ command, config, root, terminal, signals, now: Date.now });
    terminal.complain('cannot buy: --buy needs a key of Runware in RUNWARE_API_KEY; without --buy the images come from an emulator');
    return 2;
  }
  const cap = laptopCap(command.maxNanoUsd, environment);
  terminal.print(
    ...describeQuote(config.runware),
    '',
    'How results reach this machine:',
    ...describeDeliveryPaths(listDeliveryPaths(config)),
    '',
  );
  if (!command.buy) {
    terminal.print(
      `Nothing was started, bought or sent. To buy them now, for at most ${cap} USD a day: npm start -- --buy`,
      'Without the key the images come from an emulator and cost nothing: env -u RUNWARE_API_KEY npm start',
    );
    return 0;
  }
  const problem = findCapProblem(cap);
  if (problem !== undefined) {
    terminal.complain(problem);
    return 2;
  }
  terminal.print(`No more than ${cap} USD is spent in a day (UTC); --max-usd sets another limit.`, '');
  return startHere({ command, config, root, terminal, signals, now: Date.now });
}

/** Starts Darkroom on this machine. The container image lacks that module: it holds the processes and the commands for operators. */
async function startHere(options: StartOptions): Promise<number> {
  const found = await import('./start.ts').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  });
  if (found === undefined) {
    options.terminal.complain(
      'cannot start: this installation brings no Redis and no S3 of its own; run npm start in a checkout of Darkroom, or start the processes with docker compose',
    );
    return 2;
  }
  return found.start(options);
}

/** Time that a command has after the first signal to print how far it got. */
const STOP_LIMIT_MS = 2000;

/**
 * Runs a command, and abandons it soon after the first signal: it may be waiting for a Redis or an S3 that is away. Every command can be
 * run again.
 */
async function untilStopped({ terminal, signals: { stop } }: CommandLine, work: () => Promise<number>): Promise<number> {
  const ended = new AbortController();
  const working = work().finally(() => ended.abort());
  const left = async (): Promise<undefined> => {
    await once(stop, 'abort', { signal: ended.signal });
    await delay(STOP_LIMIT_MS, undefined, { signal: ended.signal });
  };
  const code = await Promise.race([working, stop.aborted ? undefined : left().catch(() => working)]);
  if (code !== undefined) return code;
  working.catch(() => undefined); // the command was abandoned, and so are its errors
  terminal.complain('stopped while waiting for Redis or S3; the same command can be run again');
  return 1;
}

/** Options by which a command finds its Darkroom. */
const operated = ({ dataDir }: { dataDir?: string }, { environment, terminal, goneMs }: CommandLine) => ({
  environment,
  terminal,
  dataDir,
  root,
  ...defined({ goneMs }),
});

/** Runs a command, and prints an expected failure as its message, without a stack. */
async function orComplain({ terminal }: CommandLine, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    const loss = describeRedisLoss(error);
    if (loss === undefined && (error instanceof ConfigError || !(error instanceof DarkroomError))) throw error;
    terminal.complain(loss ?? (error as DarkroomError).message); // a DarkroomError: any other error was rethrown above
    return 1;
  }
}

async function operateOn(command: OperatorCommand, { environment, terminal }: CommandLine): Promise<number> {
  const operations = await openOperations({ environment, dataDir: command.dataDir, root });
  try {
    return await operate(command, operations, terminal, Date.now());
  } finally {
    await operations.close();
  }
}
