import { startDarkroomContestant, type DarkroomOptions } from '../contestants/start-darkroom.ts';
import { repositoryRoot } from '../repository-root.ts';
import { comparePipelines } from './pipeline.ts';
import { OTHER_NODE, type Scenario } from './scenario.ts';
import { park, usualFsync, type Start } from './starts.ts';

const darkroomWith =
  (name: string, options: Partial<DarkroomOptions>): Start =>
  (ground) =>
    startDarkroomContestant(ground, { name, appendfsync: usualFsync, root: repositoryRoot, ...options });

/** More workers beside each other: what the fleet shares is Redis, and the line of commands to it. */
export const workers: Scenario = {
  name: 'workers',
  does: 'the pipeline with one, two and four workers; the rate grows only where each has a core',
  isQuick: false,
  run: (context) =>
    comparePipelines(
      context,
      [1, 2, 4].map((count) => darkroomWith(`${count} ${count === 1 ? 'worker' : 'workers'}`, { workers: count })),
      'Several workers',
      'workers',
    ),
};

/** The same apps on another Node. */
export const otherNode: Scenario = {
  name: 'node',
  does: `the pipeline on the Node that ${OTHER_NODE} names, beside the one that runs the bench`,
  isQuick: false,
  run: async (context) => {
    const node = context.otherNode;
    if (node === undefined) {
      context.onProgress(`node: left out, ${OTHER_NODE} names no Node (npm's package "node" brings one)`);
      return {
        name: 'node',
        title: 'Another Node',
        rows: [{ name: 'another Node', figures: {}, runs: [], absent: 'not installed' }],
        notes: [],
      };
    }
    return comparePipelines(
      context,
      [darkroomWith(`Darkroom, Node ${process.versions.node}`, {}), darkroomWith('Darkroom, the other Node', { node }), park],
      'Another Node',
      'node',
    );
  },
};
