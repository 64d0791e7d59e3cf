import { pathToFileURL } from 'node:url';

// The bench installs graphile-worker beside its own packages, because it brings a driver that nothing else needs (start-graphile.ts).

interface PgClient {
  query(text: string, values?: readonly unknown[]): Promise<{ rows: readonly Readonly<Record<string, unknown>>[] }>;
}

/** The part of graphile-worker 0.16 that the bench uses (worker.graphile.org, "Library usage"). */
export interface GraphileWorker {
  run(options: {
    connectionString: string;
    concurrency: number;
    noHandleSignals: boolean;
    logger?: unknown;
    taskList: Readonly<Record<string, (payload: unknown) => Promise<void>>>;
  }): Promise<{ stop(): Promise<void> }>;
  makeWorkerUtils(options: { connectionString: string }): Promise<{
    migrate(): Promise<void>;
    withPgClient<Result>(use: (client: PgClient) => Promise<Result>): Promise<Result>;
    release(): Promise<void>;
  }>;
}

/** Name of the task of an image. */
export const GRAPHILE_TASK = 'image';

/** Loads graphile-worker from the folder that it was installed in. */
export const importGraphile = async (folder: string): Promise<GraphileWorker> =>
  // Its documented exports.
  (await import(pathToFileURL(`${folder}/node_modules/graphile-worker/dist/index.js`).href)) as GraphileWorker;
