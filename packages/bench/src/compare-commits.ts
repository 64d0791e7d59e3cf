import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '@darkroom/local-stack';
import { compareRuns } from './measure/spread.ts';
import { formatFigure } from './report/table.ts';
import { repositoryRoot } from './repository-root.ts';
import { runOrThrow } from './run-or-throw.ts';
import { comparePipelines } from './scenarios/pipeline.ts';
import type { ScenarioContext } from './scenarios/scenario.ts';
import { darkroomWith } from './scenarios/starts.ts';

/** Figures that are judged, with the least difference that counts, in percent: processor time is steadier than a rate. */
const judged = { 'engine ms': 5, 'worker ms': 5, 'receiver ms': 5, 'redis ms': 5, 'images/s': 10 };

/** Figures of which more is better. */
const betterIfMore = new Set(['images/s']);

/**
 * Lets this tree and an earlier commit make images in turns, and judges each figure.
 * @returns lines for people, and the figures.
 */
export async function compareCommits(context: ScenarioContext, commit: string): Promise<{ lines: string[]; json: object }> {
  const root = await buildCommit(commit, context.ground.wholeEnvironment, context.onProgress);
  const { rows } = await comparePipelines(context, [darkroomWith({ name: commit, root }), darkroomWith({ name: 'this tree' })]);
  const [before, after] = rows;
  if (before === undefined || after === undefined) throw new Error('a comparison needs two rows');
  const figures = Object.entries(judged).map(([figure, noisePercent]) => {
    const [old, now] = [before, after].map(({ runs }) => runs.map((run) => run[figure] ?? Number.NaN));
    const { percent, isOutsideNoise } = compareRuns(old ?? [], now ?? [], noisePercent);
    const verdict = isOutsideNoise ? describeChange(figure, percent) : 'no difference';
    return {
      figure,
      before: before.figures[figure]?.median ?? Number.NaN,
      after: after.figures[figure]?.median ?? Number.NaN,
      percent,
      verdict,
    };
  });
  const lines = figures.map(
    ({ figure, before: old, after: now, verdict }) => `${figure.padEnd(12)} ${formatFigure(old)} -> ${formatFigure(now)}: ${verdict}`,
  );
  return { lines, json: { compared: commit, figures, rows } };
}

function describeChange(figure: string, percent: number): string {
  const isBetter = betterIfMore.has(figure) === percent > 0;
  return `${isBetter ? 'faster' : 'slower'} by ${Math.abs(percent).toFixed(0)} %, outside the noise`;
}

/** Builds a commit in a folder of its own, which later comparisons use again. @returns that folder. */
async function buildCommit(commit: string, environment: Environment, onProgress: ScenarioContext['onProgress']): Promise<string> {
  const run = (command: string, args: string[]): Promise<string> => runOrThrow({ name: command, command, args, environment });
  const id = (await run('git', ['-C', repositoryRoot, 'rev-parse', '--verify', `${commit}^{commit}`])).trim();
  const folder = join(repositoryRoot, '.local', 'bench', id.slice(0, 12));
  if (!existsSync(folder)) await run('git', ['-C', repositoryRoot, 'worktree', 'add', '--detach', folder, id]);
  onProgress(`building ${commit} in ${folder}`);
  await run(process.execPath, [join(folder, 'scripts/run.mjs'), 'build']);
  return folder;
}
