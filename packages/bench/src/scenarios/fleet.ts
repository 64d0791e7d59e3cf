import { comparePipelines } from './pipeline.ts';
import { absentRow, OTHER_NODE, type Scenario } from './scenario.ts';
import { darkroomWith, park } from './starts.ts';

/** More workers beside each other: what the fleet shares is Redis, and the line of commands to it. */
export const workers: Scenario = {
  name: 'workers',
  title: 'Several workers',
  does: 'the pipeline with one, two and four workers; the rate grows only where each has a core',
  run: (context) =>
    comparePipelines(
      context,
      (context.isQuick ? [1, 2] : [1, 2, 4]).map((count) =>
        darkroomWith({ name: `${count} ${count === 1 ? 'worker' : 'workers'}`, workers: count }),
      ),
    ),
};

/** The same apps on another Node. */
export const otherNode: Scenario = {
  name: 'node',
  title: 'Another Node',
  does: `the pipeline on the Node that ${OTHER_NODE} names, beside the one that runs the bench`,
  run: async (context) => {
    const node = context.otherNode;
    if (node === undefined)
      return {
        rows: [absentRow(context, 'another Node', `left out, ${OTHER_NODE} names no Node (npm's package "node" brings one)`)],
        notes: [],
      };
    return comparePipelines(context, [
      darkroomWith({ name: `Darkroom, Node ${process.versions.node}` }),
      darkroomWith({ name: 'Darkroom, the other Node', node }),
      park,
    ]);
  },
};
