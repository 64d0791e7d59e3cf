import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { runProgram } from '@darkroom/local-stack';
import { baseEnvironment } from '../fleet/test-place.ts';
import { startAgain } from '../fleet/stack.ts';
import type { TapOrder } from './order.ts';
import type { Trace } from './tap.ts';
import type { CrashWorld } from './world.ts';

/** Time in which a killed process must be ready again. */
const RESTART_LIMIT_MS = 60_000;

/**
 * Gives a running process an order, runs `act`, and starts the process again if it dies. It ends when `act` has ended, after all
 * requested work.
 */
export async function strikeResident(world: CrashWorld, name: string, order: TapOrder, act: () => Promise<void>): Promise<Trace> {
  const [process, tap] = [world.process(name), world.tap(name)];
  const { readings } = await tap.read();
  await tap.order(order);
  process.signal('SIGUSR2');
  await world.until(`${name} has read its order`, async () => (await tap.read()).readings > readings);
  return underOrder(world, name, act);
}

/** Does the same with a process that is down: the order counts from its first statement. */
export async function strikeStart(world: CrashWorld, name: string, order: TapOrder, act: () => Promise<void>): Promise<Trace> {
  await world.tap(name).order(order);
  const process = world.process(name);
  await process.start().catch((error: unknown) => {
    if (process.isRunning()) throw error;
  });
  return underOrder(world, name, act);
}

/**
 * Runs `act`, and starts the process again as soon as it dies, once. At the end the process runs and has no order.
 * @returns the trace up to its death, or up to the end.
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

/** Withdraws the order. The process may still die at its point until it has read that. */
async function takeBack(world: CrashWorld, name: string): Promise<Trace> {
  const [process, tap] = [world.process(name), world.tap(name)];
  const counted = await tap.read();
  await tap.withdraw();
  process.signal('SIGUSR2');
  let now = counted;
  await world.until(`${name} has read that its order is withdrawn`, async () => {
    now = await tap.read();
    return now.died !== undefined || now.readings > counted.readings || !process.isRunning();
  });
  return now.readings > counted.readings ? counted : startAnew(world, name);
}

async function startAnew(world: CrashWorld, name: string): Promise<Trace> {
  const [process, tap] = [world.process(name), world.tap(name)];
  const trace = await tap.read();
  await tap.withdraw();
  // The trace is read before the process is gone.
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
  /** False for a program that is not started again. */
  isRepeated?: boolean;
  /** Runs between the death and the next start. */
  meanwhile?(): Promise<unknown>;
}

/** Runs a program under an order, and again without one if it died. @throws Error if it then does not end with exit code 0. */
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

/** @returns the exit code, or null after a kill. The output goes to the program's log. */
async function runToItsEnd({ directory, tap }: CrashWorld, { name, script, args = [], env }: Program): Promise<number | null> {
  const { code } = await runProgram({
    name,
    args: ['--enable-source-maps', script, ...args],
    environment: { ...baseEnvironment(), ...env, ...tap(name).environment },
    logFile: join(directory, `${name}.log`),
  });
  return code;
}
