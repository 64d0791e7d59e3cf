import { runCommand } from './app.ts';
import { listenForInterruption } from './interruption.ts';
import { createTerminal } from './terminal.ts';

/** How long stopping may take once it has to hurry. */
const HURRY_LIMIT_MS = 3000;

const interruption = listenForInterruption(process);
// A terminal that was closed, or `npm start | head`: nobody reads any more.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => interruption.interrupt());
interruption.hurry.addEventListener('abort', () => setTimeout(() => process.exit(130), HURRY_LIMIT_MS).unref());

const terminal = createTerminal(process.stdout, process.stderr, process.env);
try {
  process.exitCode = await runCommand({ words: process.argv.slice(2), environment: process.env, terminal, interruption });
} finally {
  interruption.close();
}
