import { z } from 'zod';

/** Workers that most people write, and loops that show what their parts cost. */
export const naiveModes = ['hold', 'park', 'noop', 'calls', 'graphile'] as const;
export type NaiveMode = (typeof naiveModes)[number];

export const naiveSettings = z.object({
  mode: z.enum(naiveModes),
  transport: z.enum(['usual', 'tuned']),
  redisUrl: z.string(),
  prefix: z.string(),
  concurrency: z.number(),
  providerUrl: z.string(),
  s3Endpoint: z.string(),
  bucket: z.string(),
  /** A worker of the mode `graphile` finds graphile-worker in this folder, and its Postgres at this address. */
  graphile: z.object({ folder: z.string(), databaseUrl: z.string() }).optional(),
});
export type NaiveSettings = z.infer<typeof naiveSettings>;

/** The name of the environment variable with the settings, as JSON. */
export const NAIVE_SETTINGS = 'BENCH_NAIVE';

/** Names of the queues of the naive workers. */
export const naiveQueues = { images: 'images', parked: 'parked' } as const;

/** The data of a job. */
export const naiveTask = z.object({ taskUUID: z.string() });

/** A message from the process of a naive worker. */
export const naiveMessage = z.object({ ready: z.literal(true).optional(), done: z.literal(true).optional() });
/** A message to it: a mode without a queue makes so many images. */
export const naiveCommand = z.object({ images: z.number() });

/** A webhook of the provider. */
export const deliverySchema = z.looseObject({ taskUUID: z.string(), seed: z.number(), cost: z.number() });
export type Delivery = z.infer<typeof deliverySchema>;

/** The name of the environment variable with the Redis of the bare server. */
export const BARE_REDIS = 'BENCH_REDIS';
/** A message from the process of the bare server. */
export const bareHooksMessage = z.object({ url: z.string() });
