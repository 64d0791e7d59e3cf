import { runProgram } from '@darkroom/local-stack';
import { readEndedChildrenMs } from '../measure/processor-time.ts';
import { repositoryRoot } from '../repository-root.ts';
import type { Scenario } from './scenario.ts';
import { takeTurns } from './take-turns.ts';

/** From the command to three images on this machine. */
export const npmStart: Scenario = {
  name: 'start',
  title: 'From `npm start` to three images',
  does: '`npm start -- --once` in this folder, after a first one that installs and compiles',
  async run(context) {
    const words = [
      { name: 'npm start -- --once', args: ['start', '--', '--once'] },
      { name: 'npm start -- --help', args: ['start', '--', '--help'] },
    ];
    const start = async (args: readonly string[]): Promise<void> => {
      const { code, output } = await runProgram({
        name: 'npm',
        command: 'npm',
        args: ['--prefix', repositoryRoot, ...args],
        environment: context.ground.wholeEnvironment,
        hasOwnGroup: true,
      });
      if (code !== 0) throw new Error(`npm ${args.join(' ')} ended with ${code}:\n${output.slice(-2000)}`);
    };
    for (const { args } of context.isQuick ? [] : words) await start(args);
    const rows = await takeTurns(context, words, async ({ args }) => {
      const [cpuBefore, startedAt] = [readEndedChildrenMs(), performance.now()];
      await start(args);
      return { seconds: (performance.now() - startedAt) / 1000, 'CPU seconds': (readEndedChildrenMs() - cpuBefore) / 1000 };
    });
    return { rows, notes: ['The help is printed by the same programs, without a Darkroom: npm, the check of the build, and loading.'] };
  },
};
