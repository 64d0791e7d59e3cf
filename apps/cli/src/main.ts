import { fileURLToPath } from 'node:url';

/** The apps lie beside this program, also if it is a bundle. */
const programs = fileURLToPath(new URL('../../..', import.meta.url));
/** Longest time to stop after the second signal. */
const HURRY_LIMIT_MS = 3000;
/** Time after which the process exits although something is still open: the Redis in JavaScript leaves a timer of ten seconds. */
const LEFT_OPEN_MS = 200;

try {
  // Loaded here and not above, so that a package that is not installed is reported as that. Signals first: loading the rest takes seconds
  // on a busy machine.
  const { listenForSignals } = await import('@darkroom/service-runtime/launch');
  const signals = listenForSignals(['SIGINT', 'SIGTERM', 'SIGHUP']);
  // A closed terminal, or `npm start | head`: the output has no reader any more.
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', ({ code }: NodeJS.ErrnoException) => {
      signals.interrupt();
      if (code === 'EPIPE' || stream === process.stderr) return;
      // a full disk: what was printed before is not whole
      process.stderr.write(`cannot write the result: ${code}\n`);
      process.on('exit', () => (process.exitCode = 1));
    });
  signals.hurry.addEventListener('abort', () => setTimeout(() => process.exit(130), HURRY_LIMIT_MS).unref());
  const [{ runCommand }, { createTerminal }] = await Promise.all([import('./app.ts'), import('./terminal.ts')]);
  const terminal = createTerminal(process.stdout, process.stderr, process.env);
  const notes = createTerminal(process.stderr, process.stderr, process.env);
  process.exitCode = await runCommand({ words: process.argv.slice(2), environment: process.env, terminal, notes, signals, programs });
  setTimeout(() => process.exit(), LEFT_OPEN_MS).unref();
} catch (error) {
  if (!(error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')) throw error;
  process.stderr.write('cannot start: node_modules is missing or incomplete; npm start installs and compiles what is needed\n');
  process.exitCode = 1;
}
// The listeners stay to the very end, and keep nothing alive: without them one more Ctrl-C would end the process by signal after it
// had stopped in order. Node removes them when it tears itself down, but not on `exit`.
process.on('beforeExit', () => process.exit());
