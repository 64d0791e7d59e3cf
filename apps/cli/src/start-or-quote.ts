import type { CommandContext } from './commands/command.ts';
import { loadConfig } from './config.ts';
import { describeDeliveryPaths, listDeliveryPaths } from './laptop/delivery-paths.ts';
import { describeQuote, findCapProblem, laptopCap } from './laptop/quote.ts';
import type { StartOptions, StartValues } from './start.ts';
import { withLocalStack } from './stack/with-local-stack.ts';

/** Starts Darkroom on this machine; with a key of Runware it prints the quote instead, unless `--buy` is given. @returns the exit code. */
export async function startOrQuote(
  command: StartValues,
  { environment, terminal, signals, root, programs }: Pick<CommandContext, 'environment' | 'terminal' | 'signals' | 'root' | 'programs'>,
): Promise<0 | 1 | 2 | 130> {
  const config = loadConfig(environment);
  if (config.runware === undefined) {
    if (!command.buy) return startHere({ command, config, root, programs, terminal, signals, now: Date.now });
    terminal.complain('cannot buy: --buy needs a key of Runware in RUNWARE_API_KEY; without --buy the images come from an emulator');
    return 2;
  }
  const cap = laptopCap(command.maxUsd, environment);
  terminal.print(
    ...describeQuote(config.runware),
    '',
    'How results reach this machine:',
    ...describeDeliveryPaths(listDeliveryPaths(config)),
    '',
  );
  if (!command.buy) {
    terminal.print(
      `Nothing was started, bought or sent. To buy them now, for at most ${cap} USD a day: npm start -- --buy`,
      'Without the key the images come from an emulator and cost nothing: env -u RUNWARE_API_KEY npm start',
    );
    return 0;
  }
  const problem = findCapProblem(cap);
  if (problem !== undefined) {
    terminal.complain(problem);
    return 2;
  }
  terminal.print(`No more than ${cap} USD is spent in a day (UTC); --max-usd sets another limit.`, '');
  return startHere({ command, config, root, programs, terminal, signals, now: Date.now });
}

/** Starts Darkroom on this machine. */
const startHere = (options: StartOptions): Promise<0 | 1 | 2 | 130> =>
  withLocalStack(options.terminal, async () => (await import('./start.ts')).start(options));
