import { readEndedChildrenMs } from '../measure/processor-time.ts';
import { repositoryRoot } from '../repository-root.ts';
import { runOrThrow } from '../run-or-throw.ts';
import type { Scenario } from './scenario.ts';
import { takeTurns } from './take-turns.ts';

/** From the command to three images on this machine. */
export const npmStart: Scenario = {
  name: 'start',
  title: 'From `npm start` to three images',
  does: '`npm start -- --once` in this folder, after a first one that installs and compiles',
  async run(context) {
    const commands = [
      { name: 'npm start -- --once', args: ['start', '--', '--once'] },
      { name: 'npm start -- --help', args: ['start', '--', '--help'] },
    ];
    const start = (args: readonly string[]): Promise<string> =>
      runOrThrow({
        name: 'npm',
        command: 'npm',
        args: ['--prefix', repositoryRoot, ...args],
        environment: context.ground.wholeEnvironment,
        hasOwnGroup: true,
      });
    for (const { args } of context.isQuick ? [] : commands) await start(args);
    const rows = await takeTurns(context, commands, async ({ args }) => {
      const [cpuBefore, startedAt] = [readEndedChildrenMs(), performance.now()];
      await start(args);
      return { seconds: (performance.now() - startedAt) / 1000, 'CPU seconds': (readEndedChildrenMs() - cpuBefore) / 1000 };
    });
    return { rows, notes: ['The help is printed by the same programs, without a Darkroom: npm, the check of the build, and loading.'] };
  },
};
