import { join } from 'node:path';
import { ConfigError } from '@darkroom/contracts';
import type { Program } from '@darkroom/service-runtime/launch';
import { createEmulator } from './app.ts';
import { describeSettings, loadConfig } from './config.ts';

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

export const run: Program['run'] = async (signals) => {
  if (process.argv.includes('--help')) {
    print(`Emulates Runware's HTTP API on this machine. Settings come from the environment:\n\n${describeSettings()}`);
    return;
  }
  try {
    const config = loadConfig(process.env);
    const emulator = createEmulator(config);
    // A stop during the start runs after it.
    void signals.received.then(() => emulator.stop());
    await emulator.start();
    if (signals.stop.aborted) return;
    print(`Runware emulator   ${emulator.url}/v1 (help: ${emulator.url}/)`);
    print(`API key            ${config.apiKey}`);
    print(`bill               ${emulator.billFile}`);
    print(`state              ${join(config.directory, 'state.jsonl')}`);
    print(`seed               ${config.seed}`);
    print(`switches           ${emulator.url}/_emulator/faults`);
  } catch (error) {
    process.stderr.write(`${error instanceof ConfigError ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
};
