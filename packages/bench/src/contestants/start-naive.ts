import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startProgram, type AppendFsync, type Program } from '@darkroom/local-stack';
import { Queue, QueueEvents } from 'bullmq';
import { Redis } from 'ioredis';
import { naiveMessage, naiveQueues, NAIVE_SETTINGS, type NaiveMode, type NaiveSettings } from '../naive/settings.ts';
import { placeOf, preciseNow, type Contestant, type Ground } from './contestant.ts';
import { startOwnRedis } from './own-redis.ts';

export interface NaiveOptions {
  name: string;
  mode: NaiveMode;
  /** `usual` when absent. */
  transport?: NaiveSettings['transport'];
  appendfsync?: AppendFsync;
}

const START_LIMIT_MS = 20_000;
const STOP_LIMIT_MS = 2_000;
const LOOK_EVERY_MS = 20;
const PREFIX = 'bull';

/** Starts the process of a naive worker. */
export async function startNaiveProgram({ environment, directory }: Ground, name: string, settings: NaiveSettings): Promise<Program> {
  const program = startProgram({
    name,
    args: ['--enable-source-maps', fileURLToPath(new URL('../naive/main.js', import.meta.url))],
    environment: { ...environment, [NAIVE_SETTINGS]: JSON.stringify(settings) },
    logFile: `${directory}/${settings.bucket}.log`,
    hasChannel: true,
    hasOwnGroup: true,
  });
  let isReady = false;
  program.child.once('message', (message) => (isReady = naiveMessage.parse(message).ready === true));
  await program.untilReady(() => Promise.resolve(isReady ? undefined : { what: 'it is not ready' }), START_LIMIT_MS);
  return program;
}

/** Starts a naive worker with a Redis of its own; a loop over calls alone has none. */
export async function startNaive(ground: Ground, { name, mode, transport = 'usual', appendfsync }: NaiveOptions): Promise<Contestant> {
  const redis = await startOwnRedis(ground, name, appendfsync);
  const settings: NaiveSettings = {
    mode,
    transport,
    redisUrl: redis.url,
    prefix: PREFIX,
    concurrency: ground.concurrency,
    providerUrl: ground.providerUrl,
    s3Endpoint: ground.s3Endpoint,
    bucket: placeOf(name),
  };
  const begin = () => startNaiveProgram(ground, name, settings);
  let program = await begin();
  const client = new Redis(redis.url);
  const queue = new Queue(naiveQueues.images, { connection: { url: redis.url }, prefix: PREFIX });
  const lastQueue = mode === 'park' ? naiveQueues.parked : naiveQueues.images;
  const finished = `${PREFIX}:${lastQueue}:completed`;

  async function queueImages(images: number): Promise<void> {
    const ids = Array.from({ length: images }, () => randomUUID());
    await queue.addBulk(ids.map((taskUUID) => ({ name: 'image', data: { taskUUID }, opts: { jobId: taskUUID } })));
  }

  async function makeByQueue(images: number): Promise<void> {
    const before = await client.zcard(finished);
    await queueImages(images);
    while ((await client.zcard(finished)) < before + images) {
      if (!program.isRunning()) throw program.failure('ended during a run');
      await delay(LOOK_EVERY_MS);
    }
  }

  async function makeByMessage(images: number): Promise<void> {
    const answered = once(program.child, 'message');
    program.child.send({ images });
    await Promise.race([answered, program.ended.then((how) => Promise.reject(program.failure(`ended ${how}`)))]);
  }

  const hasQueue = mode !== 'calls';
  return {
    name,
    get parts(): Record<string, number> {
      return { worker: program.child.pid ?? 0, ...(hasQueue && { redis: redis.pid }) };
    },
    killWorkers: () => program.kill(),
    startWorkers: async () => void (program = await begin()),
    redisUrl: hasQueue ? redis.url : undefined,
    makeImages: hasQueue ? makeByQueue : makeByMessage,
    queueImages,
    async enqueueOne() {
      const taskUUID = randomUUID();
      await queue.add('image', { taskUUID }, { jobId: taskUUID });
      return { taskUUID };
    },
    async hearRecorded(onRecorded) {
      const events = new QueueEvents(lastQueue, { connection: { url: redis.url }, prefix: PREFIX });
      await events.waitUntilReady();
      events.on('completed', ({ jobId }) => onRecorded(jobId, preciseNow()));
      return () => events.close();
    },
    async stop() {
      await queue.close();
      client.disconnect();
      await program.stop(STOP_LIMIT_MS);
      await redis.stop();
    },
  };
}
