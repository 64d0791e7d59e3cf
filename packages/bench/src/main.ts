import { existsSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { helpTextOf, parseCommandLine, type BenchSettings } from './command-line.ts';
import { compareCommits } from './compare-commits.ts';
import type { ImageMaker } from './contestants/contestant.ts';
import { raisedLimits } from './contestants/start-darkroom.ts';
import { describeMachine } from './report/machine.ts';
import { renderTable } from './report/table.ts';
import { writeReport } from './report/write-report.ts';
import { scenarios } from './scenarios/scenarios.ts';
import { OTHER_NODE, type ScenarioContext, type ScenarioResult } from './scenarios/scenario.ts';
import { startStandIns } from './stand-ins/start-stand-ins.ts';

// `npm run bench`: reads the command line, runs the scenarios, and prints the results.

const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** Images that each contestant works on at once. */
const CONCURRENCY = 50;
/** Time that the provider takes for an image, in milliseconds: less than any part of a worker's own. */
const IMAGE_MS = 20;

async function run(settings: BenchSettings): Promise<number> {
  const { isQuick, runs, size, minutes, only, compare } = settings;
  const directory = await mkdtemp(join(tmpdir(), 'darkroom-bench-'));
  const environment = Object.fromEntries(['PATH', 'HOME', 'TMPDIR'].map((name) => [name, process.env[name]]));
  const standIns = await startStandIns(environment);
  // After the listener that ends all programs: they write there.
  process.once('exit', () => rmSync(directory, { recursive: true, force: true, maxRetries: 3 }));
  const machine = describeMachine();
  const otherNode = process.env[OTHER_NODE];
  const ground = {
    providerUrl: standIns.providerUrl,
    s3Endpoint: standIns.s3Endpoint,
    directory,
    environment,
    wholeEnvironment: process.env,
    concurrency: CONCURRENCY,
    noteVersion: (name: string, version: string) => void (machine.versions[name] = version),
  };
  const context: ScenarioContext = {
    ground,
    standIns,
    runs,
    isQuick,
    size,
    minutes,
    usualDelayMs: IMAGE_MS,
    ...(otherNode !== undefined && existsSync(otherNode) && { otherNode }),
    onProgress: (line) => void process.stderr.write(`${line}\n`),
  };
  standIns.setDelay(IMAGE_MS);
  if (compare !== undefined) {
    const { lines, json } = await compareCommits(context, compare);
    for (const line of lines) print(line);
    print(JSON.stringify({ machine, ...json }));
    return 0;
  }
  const raised = raisedLimits(CONCURRENCY);
  const results: ScenarioResult[] = [];
  const kept = new Map<object, ImageMaker>();
  const chosen = scenarios.filter((scenario) => only?.includes(scenario.name) ?? (!isQuick || scenario.isQuick === true));
  for (const [at, { name, title, isQuick: sharesContestants, run: runScenario }] of chosen.entries()) {
    const startedAt = performance.now();
    context.onProgress(`${name}, ${at + 1} of ${chosen.length}`);
    const result = { name, title, ...(await runScenario(isQuick && sharesContestants === true ? { ...context, kept } : context)) };
    results.push(result);
    context.onProgress(`${name}: ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
    print(`\n${result.title}\n\n${renderTable(result)}\n`);
    for (const note of result.notes) print(note);
    // Each by itself: a later scenario that fails takes no result away.
    if (settings.writes) writeReport([result], machine, raised);
  }
  print(JSON.stringify({ machine, raised, imageBytes: standIns.imageBytes, results }));
  return 0;
}

const command = parseCommandLine(
  process.argv.slice(2),
  scenarios.map(({ name }) => name),
);
switch (command.kind) {
  case 'run': {
    // Programs that this process started end when it exits, by a signal as by a failure.
    for (const [signal, code] of Object.entries({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 })) process.once(signal, () => process.exit(code));
    const code = await run(command.settings).catch((error: unknown) => {
      process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
      return 1;
    });
    process.exit(code);
    break;
  }
  case 'help':
    print(helpTextOf(Object.fromEntries(scenarios.map(({ name, does }) => [name, does]))));
    break;
  case 'wrong':
    process.stderr.write(`${command.message}\n`);
    process.exitCode = 2;
    break;
  default:
    command satisfies never;
}
