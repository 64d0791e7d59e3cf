import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { helpText, parseCommandLine, type FaultCommand } from './command-line.ts';
import { runFaults } from './fault-run.ts';
import { isAsPromised } from '../judge/five-figures.ts';
import { doubtsOf, figuresOf, formatFindings, formatTable } from './report.ts';
import { deriveSchedule, describeSchedule } from './schedule.ts';

// `npm run faults`: reads the command line, runs, and prints the result.

const print = (line: string): void => void process.stdout.write(`${line}\n`);

async function run({ settings, verbose, keep, proof }: Extract<FaultCommand, { kind: 'run' }>): Promise<number> {
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort(new Error('the run was interrupted')));
  const directory = await mkdtemp(join(tmpdir(), 'darkroom-faults-'));
  if (verbose) print(`after orders, target, fault\n${describeSchedule(deriveSchedule(settings))}\n`);
  print(`seed ${settings.seed}, ${settings.generations} generations; logs in ${directory}`);
  const outcome = await runFaults(settings, {
    directory,
    signal: interrupted.signal,
    onProgress: print,
    onFault: verbose ? print : () => undefined,
  });
  const figures = figuresOf(settings, outcome);
  print(`\n${formatTable(figures)}\n`);
  const clean = isAsPromised(outcome.judgement, outcome.promised);
  if (!clean) print(`${formatFindings(outcome.judgement, directory)}\n`);
  else if (!keep) await rm(directory, { recursive: true, force: true });
  const doubts = doubtsOf(outcome);
  for (const doubt of doubts) print(`not a proof: ${doubt}`);
  print(JSON.stringify(figures));
  return clean && (doubts.length === 0 || !proof) ? 0 : 1;
}

const command = parseCommandLine(process.argv.slice(2));
switch (command.kind) {
  case 'run':
    process.exitCode = await run(command).catch((error: unknown) => {
      process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
      return 1;
    });
    break;
  case 'help':
    print(helpText);
    break;
  case 'wrong':
    process.stderr.write(`${command.message}\n`);
    process.exitCode = 2;
    break;
  default:
    command satisfies never;
}
