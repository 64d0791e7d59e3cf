import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { closeAtOnce, createClosing } from '@darkroom/local-stack';
import { GRAPHILE_TASK, importGraphile } from '../naive/graphile.ts';
import { repositoryRoot } from '../repository-root.ts';
import { runOrThrow } from '../run-or-throw.ts';
import { placeOf, type Ground, type ImageMaker } from './contestant.ts';
import { startOwnPostgres } from './own-postgres.ts';
import { startNaiveProgram } from './start-naive.ts';

/** The newest version that runs on Node 20. */
const VERSION = '0.16.6';
const LOOK_EVERY_MS = 20;

/** Starts a worker on graphile-worker with a Postgres of its own. @param postgres Folder of the programs of Postgres. */
export async function startGraphile(ground: Ground, name: string, postgres: string): Promise<ImageMaker> {
  const folder = join(repositoryRoot, '.local', 'bench', `graphile-worker-${VERSION}`);
  await install(folder, ground);
  const closing = createClosing();
  try {
    const database = await startOwnPostgres(ground, postgres);
    closing.add(() => database.stop());
    const { makeWorkerUtils } = await importGraphile(folder);
    const utils = await makeWorkerUtils({ connectionString: database.url });
    closing.add(() => utils.release());
    await utils.migrate();
    const worker = await startNaiveProgram(ground, name, {
      mode: 'graphile',
      transport: 'usual',
      redisUrl: '',
      prefix: '',
      graphile: { folder, databaseUrl: database.url },
      concurrency: ground.concurrency,
      providerUrl: ground.providerUrl,
      s3Endpoint: ground.s3Endpoint,
      bucket: placeOf(name),
    });
    closing.add(() => worker.kill());
    const countJobs = (): Promise<number> =>
      utils.withPgClient(async (client) =>
        Number((await client.query('select count(*) as jobs from graphile_worker.jobs')).rows[0]?.['jobs']),
      );
    return {
      name,
      parts: { worker: worker.child.pid ?? 0, postgres: database.pid },
      redisUrl: undefined,
      async makeImages(images) {
        await utils.withPgClient((client) =>
          client.query(
            "select count(graphile_worker.add_job($1, json_build_object('taskUUID', gen_random_uuid()))) from generate_series(1, $2)",
            [GRAPHILE_TASK, images],
          ),
        );
        while ((await countJobs()) > 0) {
          if (!worker.isRunning()) throw worker.failure('ended during a run');
          await delay(LOOK_EVERY_MS);
        }
      },
      stop: () => closeAtOnce(closing),
    };
  } catch (error) {
    await closeAtOnce(closing);
    throw error;
  }
}

/** Installs graphile-worker in a folder of its own, which later runs use again. */
async function install(folder: string, { wholeEnvironment: environment }: Ground): Promise<void> {
  if (existsSync(join(folder, 'node_modules', 'graphile-worker'))) return;
  const args = ['install', '--prefix', folder, '--no-audit', '--no-fund', '--ignore-scripts', `graphile-worker@${VERSION}`];
  await runOrThrow({ name: 'npm', command: 'npm', args, environment });
}
