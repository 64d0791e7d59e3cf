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
  return underOrder(world, name, act);
}

/** The same for a process that is down: the order holds from its first statement. */
export async function strikeStart(world: CrashWorld, name: string, order: TapOrder, act: () => Promise<void>): Promise<Trace> {
  await world.tap(name).order(order);
  const process = world.process(name);
  await process.start().catch((error: unknown) => {
    if (process.isRunning()) throw error;
  });
  return underOrder(world, name, act);
}

/**
 * Does `act`, and starts the process again as soon as it dies, once: it is running and has no order when this ends.
 * @returns what it had counted when it died, or by the end.
 */
async function underOrder(world: CrashWorld, name: string, act: () => Promise<void>): Promise<Trace> {
  const process = world.process(name);
  const isOver = new AbortController();
  const watch = async (): Promise<Trace | undefined> => {
    while (process.isRunning()) {
      if (isOver.signal.aborted) return undefined;
      await delay(10);
    }
    return startAnew(world, name);
  };
  const watching = watch();
  try {
    await act();
  } finally {
    isOver.abort();
    await watching;
  }
  return (await watching) ?? takeBack(world, name);
}

/** It may come to its point after everything was over, and until it hears that the order is withdrawn. */
async function takeBack(world: CrashWorld, name: string): Promise<Trace> {
  const [process, tap] = [world.process(name), world.tap(name)];
  const counted = await tap.read();
  await tap.withdraw();
  process.signal('SIGUSR2');
  let now = counted;
  await world.until(`${name} has heard that it is not tapped any more`, async () => {
    now = await tap.read();
    return now.died !== undefined || now.readings > counted.readings || !process.isRunning();
  });
  return now.readings > counted.readings ? counted : startAnew(world, name);
}

async function startAnew(world: CrashWorld, name: string): Promise<Trace> {
  const [process, tap] = [world.process(name), world.tap(name)];
  const trace = await tap.read();
  await tap.withdraw();
  // Its last words are read before it is gone.
  await process.kill();
  await startAgain(process, AbortSignal.timeout(RESTART_LIMIT_MS));
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
