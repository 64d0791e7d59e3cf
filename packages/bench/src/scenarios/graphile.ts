import { findPostgres } from '../contestants/own-postgres.ts';
import { startGraphile } from '../contestants/start-graphile.ts';
import { comparePipelines } from './pipeline.ts';
import { absentRow, type Scenario } from './scenario.ts';
import { darkroom, hold } from './starts.ts';

/** The queue of people who have Postgres and no Redis. */
export const graphile: Scenario = {
  name: 'graphile',
  title: 'Beside graphile-worker on Postgres',
  does: 'the pipeline beside a worker that holds its slot on graphile-worker, where Postgres is installed',
  run: async (context) => {
    const postgres = await findPostgres(context.ground.environment);
    if (postgres === undefined)
      return {
        rows: [absentRow(context, 'graphile-worker', 'left out, Postgres is not installed (apt-get install postgresql)')],
        notes: [],
      };
    return comparePipelines(context, [
      darkroom,
      hold,
      { name: 'graphile-worker, hold', start: (ground) => startGraphile(ground, 'graphile-worker, hold', postgres) },
    ]);
  },
};
