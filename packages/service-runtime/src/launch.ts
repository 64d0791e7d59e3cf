import { setImmediate as turn } from 'node:timers/promises';
import { listenForSignals, type Signals } from './signals.ts';

export { listenForSignals, type Signals } from './signals.ts';

// Each program of ours begins here, before it loads the AWS SDK. Its warning about Node 20 tells a user nothing to do: we pin the last version
// for Node 20 (docs/decisions/0001-toolchain.md).
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';

/** A loaded program. */
export interface Program {
  /** Runs until the program ends or a signal stops it. */
  run(signals: Signals): Promise<void>;
}

/**
 * Listens for SIGTERM and SIGINT, then loads and runs a program; the body of every `main.ts`, which imports nothing else. Loading takes
 * seconds on a busy machine. Without a listener, a signal meanwhile would be lost in the first process of a container, where the kernel
 * ignores it, and would kill any other process. No work is under way before the program runs, so a signal then ends the process at once,
 * with 0. Once it runs, the program handles the signals.
 */
export async function launch(load: () => Promise<Program>): Promise<void> {
  const signals = listenForSignals();
  const endNow = (): void => process.exit(0);
  signals.stop.addEventListener('abort', endNow);
  const { run } = await load();
  // Node 24 loads a bundle in one turn of the event loop: a signal meanwhile is heard in the next one.
  await turn();
  signals.stop.removeEventListener('abort', endNow);
  await run(signals);
}
