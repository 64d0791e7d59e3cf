import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startAgain } from '../fleet/stack.ts';
import type { TapOrder } from './order.ts';
import type { Trace } from './tap.ts';
import type { CrashWorld } from './world.ts';

/** How long a process that died may take to be back. */
const RESTART_LIMIT_MS = 60_000;

/**
 * Gives a running process an order, does `act`, and starts the process again when it has died of it. Ends when `act` has: when
 * everything that was asked for is over.
 */
export async function strikeResident(world: CrashWorld, name: string, order: TapOrder, act: () => Promise<void>): Promise<Trace> {
  const [process, tap] = [world.process(name), world.tap(name)];
  const { readings } = await tap.read();
  await tap.order(order);
  process.signal('SIGUSR2');
  await world.until(`${name} has read its order`, async () => (await tap.read()).readings > readings);
  const counted = await standBy(world, name, act);
  if (counted.died !== undefined) return counted;
  await tap.withdraw();
  process.signal('SIGUSR2');
  // It may still come to its point before it hears of it.
  const hasHeard = async (): Promise<boolean> => !process.isRunning() || (await tap.read()).readings > readings + 1;
  await world.until(`${name} has heard that it is not tapped any more`, hasHeard);
  return process.isRunning() ? counted : startAnew(world, name);
}

/** The same for a process that is down: the order holds from its first statement. */
export async function strikeStart(world: CrashWorld, name: string, order: TapOrder, act: () => Promise<void>): Promise<Trace> {
  await world.tap(name).order(order);
  const process = world.process(name);
  await process.start().catch((error: unknown) => {
    if (process.isRunning()) throw error;
  });
  const trace = await standBy(world, name, act);
  await world.tap(name).withdraw();
  return trace;
}

/** Does `act`, and meanwhile starts the process again if it dies. @returns what it had counted by then, or by the end. */
async function standBy(world: CrashWorld, name: string, act: () => Promise<void>): Promise<Trace> {
  const process = world.process(name);
  const isOver = new AbortController();
  const watch = async (): Promise<Trace | undefined> => {
    while (process.isRunning() && !isOver.signal.aborted) await delay(10);
    return process.isRunning() ? undefined : startAnew(world, name);
  };
  const watching = watch();
  try {
    await act();
  } finally {
    isOver.abort();
    await watching;
  }
  return (await watching) ?? world.tap(name).read();
}

async function startAnew(world: CrashWorld, name: string): Promise<Trace> {
  const tap = world.tap(name);
  const trace = await tap.read();
  await tap.withdraw();
  await startAgain(world.process(name), AbortSignal.timeout(RESTART_LIMIT_MS));
  return trace;
}

/** A program that runs to its end. */
export interface Program {
  name: string;
  /** The script that Node runs, and its arguments. */
  script: string;
  args?: readonly string[];
  env: Readonly<Record<string, string>>;
  /** False when nobody starts it again. */
  isRepeated?: boolean;
  /** What happens until it is started again. */
  meanwhile?(): Promise<unknown>;
}

/** Runs a program under an order, and again without one when it has died of it. @throws when it does not end well by itself. */
export async function strikeProgram(world: CrashWorld, program: Program, order: TapOrder): Promise<Trace> {
  const tap = world.tap(program.name);
  await tap.order(order);
  const code = await runToItsEnd(world, program);
  const trace = await tap.read();
  await tap.withdraw();
  if (trace.died !== undefined && program.isRepeated === false) return trace;
  if (trace.died !== undefined) await program.meanwhile?.();
  const lastCode = trace.died === undefined ? code : await runToItsEnd(world, program);
  if (lastCode !== 0) throw new Error(`${program.name} ended with ${lastCode}`);
  return trace;
}

/** @returns its exit code; null when it was killed. What it says goes to its log. */
async function runToItsEnd({ directory, tap }: CrashWorld, { name, script, args = [], env }: Program): Promise<number | null> {
  const log = openSync(join(directory, `${name}.log`), 'a');
  const { PATH = '', HOME = '', DARKROOM_TEST_RUN = '' } = process.env;
  const child = spawn(process.execPath, ['--enable-source-maps', script, ...args], {
    env: { PATH, HOME, DARKROOM_TEST_RUN, ...env, ...tap(name).environment },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  await once(child, 'exit');
  return child.exitCode;
}
