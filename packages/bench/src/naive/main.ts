import { Queue, Worker, type Job } from 'bullmq';
import type { z } from 'zod';
import { GRAPHILE_TASK, importGraphile } from './graphile.ts';
import { serveHooks } from './hooks.ts';
import { imageKeyOf, loopOverCalls, submitImage } from './make-image.ts';
import { naiveCommand, naiveQueues, naiveSettings, naiveTask, NAIVE_SETTINGS, type Delivery } from './settings.ts';
import { createTunedTransport } from './tuned-transport.ts';
import { createUsualTransport } from './usual-transport.ts';

// A naive worker as a process of its own: it presigns, submits, waits for the webhook and sends a HEAD for the object. It keeps no records,
// counts no money and verifies nothing.

const settings = naiveSettings.parse(JSON.parse(process.env[NAIVE_SETTINGS] ?? '{}'));
const { mode, redisUrl, prefix, concurrency } = settings;
const createTransport = settings.transport === 'tuned' ? createTunedTransport : createUsualTransport;
const transport = createTransport({
  ...settings,
  apiKey: 'bench',
  region: 'us-east-1',
  credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
  connections: concurrency * 2,
});
const options = { connection: { url: redisUrl }, prefix };
/** A parked job looks by itself after this time, if no webhook comes. */
const PARK_MS = 60_000;

/** Deliveries that a run waits for, by task. */
const waiting = new Map<string, (delivery: Delivery) => void>();
const waitFor = (taskUUID: string): Promise<Delivery> => new Promise((resolve) => waiting.set(taskUUID, resolve));
const parked = mode === 'park' ? new Queue(naiveQueues.parked, options) : undefined;

const webhookURL = await serveHooks(async (delivery) => {
  waiting.get(delivery.taskUUID)?.(delivery);
  waiting.delete(delivery.taskUUID);
  const job: Job<unknown> | undefined = await parked?.getJob(delivery.taskUUID);
  await job?.promote();
});

type ImageJob = Job<z.infer<typeof naiveTask>>;

/** Holds its slot until the webhook has come. */
async function hold({ data: { taskUUID } }: Pick<ImageJob, 'data'>): Promise<unknown> {
  const delivered = waitFor(taskUUID);
  await submitImage(transport, taskUUID, webhookURL);
  const { seed, cost } = await delivered;
  await transport.head(imageKeyOf(taskUUID));
  return { seed, cost };
}

/** Parks a job that the webhook wakes, and gives its slot back. */
async function park({ data: { taskUUID } }: ImageJob): Promise<void> {
  await parked?.add('wake', { taskUUID }, { jobId: taskUUID, delay: PARK_MS });
  await submitImage(transport, taskUUID, webhookURL);
}

async function wake({ data: { taskUUID } }: ImageJob): Promise<unknown> {
  await transport.head(imageKeyOf(taskUUID));
  return { key: imageKeyOf(taskUUID) };
}

const work = { ...options, concurrency };
const startWorkers = {
  hold: () => [new Worker(naiveQueues.images, hold, work)],
  park: () => [new Worker(naiveQueues.images, park, work), new Worker(naiveQueues.parked, wake, work)],
  noop: () => [new Worker(naiveQueues.images, () => Promise.resolve(), work)],
  calls: () => [],
  graphile: () => [],
} satisfies Record<typeof mode, () => Worker[]>;
await Promise.all(startWorkers[mode]().map((worker) => worker.waitUntilReady()));
if (settings.graphile !== undefined) {
  const { run } = await importGraphile(settings.graphile.folder);
  await run({
    connectionString: settings.graphile.databaseUrl,
    concurrency,
    noHandleSignals: true,
    taskList: { [GRAPHILE_TASK]: async (payload) => void (await hold({ data: naiveTask.parse(payload) })) },
  });
}

process.on('message', (message) => {
  const { images } = naiveCommand.parse(message);
  loopOverCalls({ images, concurrency, webhookURL }, transport, waitFor).then(
    () => process.send?.({ done: true }),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
});
process.once('disconnect', () => process.exit());
process.once('SIGTERM', () => process.exit());
process.send?.({ ready: true });
