import { fileURLToPath } from 'node:url';
import { ConfigError } from '@darkroom/contracts';
import type { Environment } from '@darkroom/service-runtime';
import { helpText, parseCommandLine } from './command-line.ts';
import { loadConfig, type StartConfig } from './config.ts';
import type { Interruption } from './interruption.ts';
import { refuseRealMoney } from './real-money.ts';
import { start } from './start.ts';
import type { Terminal } from './terminal.ts';

export interface CommandLine {
  /** What follows the name of the program. */
  words: readonly string[];
  environment: Environment;
  terminal: Terminal;
  interruption: Interruption;
}

/** The folder that holds apps/, packages/ and examples/; this file lies three folders under it, compiled or not. */
const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Does what the command line asks for. @returns the exit code: 2 when that cannot be done at all. */
export async function runCommand({ words, environment, terminal, interruption }: CommandLine): Promise<number> {
  const command = parseCommandLine(words, root);
  switch (command.kind) {
    case 'help':
      terminal.print(helpText);
      return 0;
    case 'wrong':
      terminal.complain(command.message);
      return 2;
    case 'start': {
      const config = readConfig(environment, terminal);
      if (config === undefined) return 2;
      if (config.hasRunwareKey) {
        terminal.complain(refuseRealMoney());
        return 2;
      }
      return start({ command, config, root, terminal, interruption, now: Date.now });
    }
    default:
      return command satisfies never;
  }
}

function readConfig(environment: Environment, terminal: Terminal): StartConfig | undefined {
  try {
    return loadConfig(environment);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    terminal.complain(`cannot start: ${error.message}`);
    return undefined;
  }
}
