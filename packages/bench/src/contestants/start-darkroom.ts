import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { taskUuidOf } from '@darkroom/contracts';
import { closeAtOnce, createClosing, startDarkroom, type AppendFsync } from '@darkroom/local-stack';
import { Redis } from 'ioredis';
import { placeOf, preciseNow, type BenchProducer, type DarkroomContestant, type Ground } from './contestant.ts';
import { startOwnRedis } from './own-redis.ts';
import { repositoryRoot } from '../repository-root.ts';
import { runOrThrow } from '../run-or-throw.ts';

export interface DarkroomOptions {
  /** "Darkroom" when absent. */
  name?: string;
  appendfsync?: AppendFsync;
  /** Folder of the repository whose apps and producer run, built; this one when absent. */
  root?: string;
  /** The Node of the apps; that of the bench when absent. */
  node?: string;
  /** Settings of the workers beside those that the bench raises. */
  workerEnv?: Readonly<Record<string, string>>;
  /** Number of workers; one when absent. */
  workers?: number;
}

const PREFIX = '{darkroom}';
const LOOK_EVERY_MS = 20;
/** Requests of one call of `enqueueMany`. */
const ENQUEUE_AT_ONCE = 500;

/** More tasks at the provider than any scenario has: the provider of the bench takes all. */
const TASKS_AT_PROVIDER = 1_000_000;

/** The shipped cap is 25 USD a day, which 1,250 images reach. */
const DAILY_CAP_USD = '1000000';

const raisedSettings = (concurrency: number): Readonly<Record<string, string>> => ({
  DAILY_CAP_USD,
  WORKER_SUBMIT_CONCURRENCY: String(concurrency),
  WORKER_SETTLE_CONCURRENCY: String(concurrency),
});

/** Limits that the bench raises, because they bound the fleet at the provider and not the cost of an image; as the results name them. */
export const raisedLimits = (concurrency: number): Readonly<Record<string, string>> => ({
  ...raisedSettings(concurrency),
  'darkroom limits --tasks': String(TASKS_AT_PROVIDER),
});

/** Starts a whole Darkroom with a Redis of its own: worker, receiver, eraser and API. */
export async function startDarkroomContestant(ground: Ground, options: DarkroomOptions = {}): Promise<DarkroomContestant> {
  const { name = 'Darkroom', root = repositoryRoot, node, workerEnv = {}, appendfsync, workers = 1 } = options;
  const directory = join(ground.directory, placeOf(name));
  await mkdir(directory, { recursive: true });
  const closing = createClosing();
  try {
    const redis = await startOwnRedis(ground, placeOf(name), appendfsync);
    closing.add(() => redis.stop());
    const darkroom = await startDarkroom(
      {
        root,
        node,
        logs: directory,
        environment: ground.environment,
        stores: {
          redisUrl: redis.url,
          prefix: PREFIX,
          s3: {
            bucket: placeOf(name),
            region: 'us-east-1',
            endpoint: ground.s3Endpoint,
            credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
          },
        },
        apiKey: 'bench',
        webhookKeys: `bench:${randomBytes(32).toString('hex')}`,
        receivers: ['receiver'],
        workers: Array.from({ length: workers }, (_, at) => (at === 0 ? 'worker' : `worker-${at + 1}`)),
        erasers: ['eraser'],
        apis: ['api'],
        settingsOf: (_, app) =>
          app === 'worker' ? { RUNWARE_URL: ground.providerUrl, ...raisedSettings(ground.concurrency), ...workerEnv } : {},
      },
      closing,
    );
    const command = (...words: string[]): Promise<string> => {
      const environment = { ...ground.environment, ...darkroom.workers[0]?.env };
      return runOrThrow({ name: 'darkroom', args: [join(root, 'apps/cli/dist/main.js'), ...words], environment });
    };
    await command('limits', '--tasks', String(TASKS_AT_PROVIDER), '--reason', 'bench');
    const client = new Redis(redis.url);
    closing.add(() => client.disconnect());
    const library = await importProducer(root);
    const producer = library.createProducer({ redisUrl: redis.url });
    closing.add(() => producer.close());

    const queueImages = async (images: number): Promise<void> => {
      for (let at = 0; at < images; at += ENQUEUE_AT_ONCE)
        await producer.enqueueMany(Array.from({ length: Math.min(ENQUEUE_AT_ONCE, images - at) }, (_, more) => requestOf(at + more)));
    };

    const namesOf = (generationId: string) => ({ generationId, taskUUID: taskUuidOf({ generationId, index: 0, n: 1 }) });
    const countOpen = (): Promise<number> => client.zcard(`${PREFIX}:open`);

    return {
      name,
      get parts() {
        const apps = [...darkroom.workers, ...darkroom.receivers, ...darkroom.erasers, ...darkroom.apis];
        return Object.fromEntries([['redis', redis.pid], ...apps.map((app) => [app.name, app.pid ?? 0])]) as Record<string, number>; // of pairs
      },
      producer,
      command,
      countOpen,
      isStoreOpen: async () => (await client.exists(`${PREFIX}:epoch`)) === 1,
      async getNewestFinished() {
        const [newest] = (await producer.list({ status: 'succeeded', limit: 1 })).generations;
        if (newest === undefined) throw new Error('no generation has ended');
        return namesOf(newest.generationId);
      },
      stopWorkers: async () => void (await Promise.all(darkroom.workers.map((worker) => worker.stop()))),
      killWorkers: async () => void (await Promise.all(darkroom.workers.map((worker) => worker.kill()))),
      startWorkers: async () => void (await Promise.all(darkroom.workers.map((worker) => worker.start()))),
      redisUrl: redis.url,
      queueImages,
      async makeImages(images) {
        await queueImages(images);
        // Generations with a live submission: every result is in S3 and in Redis when the set is empty.
        while ((await countOpen()) > 0) {
          const dead = [...darkroom.workers, ...darkroom.receivers].find((app) => !app.isRunning());
          if (dead !== undefined) throw new Error(`the ${dead.name} ended during a run:\n${(await dead.log()).slice(-2000)}`);
          await delay(LOOK_EVERY_MS);
        }
      },
      async enqueueOne() {
        const { generationId } = await producer.enqueue(requestOf(0));
        return namesOf(generationId);
      },
      async hearRecorded(onRecorded) {
        const listener = new Redis(redis.url);
        await listener.psubscribe(`${PREFIX}:events:*`);
        listener.on('pmessage', (_pattern: string, channel: string, message: string) => {
          const atMs = preciseNow();
          if (!message.includes('generation.succeeded')) return;
          onRecorded(namesOf(channel.slice(`${PREFIX}:events:`.length)).taskUUID, atMs);
        });
        return () => Promise.resolve(listener.disconnect());
      },
      async stop() {
        // In order, so that a profile is written and no lock is left.
        await Promise.all(darkroom.workers.map((worker) => worker.stop()));
        await closeAtOnce(closing);
      },
    };
  } catch (error) {
    await closeAtOnce(closing);
    throw error;
  }
}

/** Returns a request of an image; each has a prompt of its own. */
export const requestOf = (at: number) => ({ positivePrompt: `a lighthouse at dusk, ${at}`, width: 1024 as const, height: 1024 as const });

/** Loads the producer of a built repository, so that an earlier commit is driven by its own. */
const importProducer = async (root: string): Promise<{ createProducer: (options: { redisUrl: string }) => BenchProducer }> =>
  // The package of that name, at whatever commit: the bench uses this one function of it.
  (await import(pathToFileURL(join(root, 'packages/producer/dist/index.js')).href)) as {
    createProducer: (options: { redisUrl: string }) => BenchProducer;
  };
