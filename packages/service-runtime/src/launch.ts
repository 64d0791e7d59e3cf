import { listenForSignals, type Signals } from './signals.ts';

export { listenForSignals, type Signals } from './signals.ts';

/** A loaded program. */
export interface Program {
  /** Runs until the program ends or a signal stops it. */
  run(signals: Signals): Promise<void>;
}

/**
 * Listens for SIGTERM and SIGINT, and loads and runs a program then; the body of every `main.ts`, which imports nothing else. Loading
 * takes seconds on a busy machine. A signal meanwhile would be lost where this is the first process of a container, for which the
 * kernel ignores a signal without a listener, and would end any other process as killed. Nothing is under way before the program
 * runs: a signal ends the process at once, with 0. Once it runs, the program answers the signals.
 */
export async function launch(load: () => Promise<Program>): Promise<void> {
  const signals = listenForSignals();
  const endNow = (): void => process.exit(0);
  signals.stop.addEventListener('abort', endNow);
  const { run } = await load();
  signals.stop.removeEventListener('abort', endNow);
  await run(signals);
}
