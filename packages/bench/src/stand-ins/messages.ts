import { z } from 'zod';

const namesSchema = z.object({ generationId: z.string().optional(), taskUUID: z.string() });

/** A message to the process of the stand-ins. */
export const commandSchema = z.object({
  /** Sets the time that an image takes. */
  delayMs: z.number().optional(),
  /** Keeps webhooks instead of sending them, or sends new ones again. */
  holdsWebhooks: z.boolean().optional(),
  /** Sends kept webhooks. */
  deliver: z
    .object({ count: z.number(), atOnce: z.number().optional(), perSecond: z.number().optional(), url: z.string().optional() })
    .optional(),
  /** Copies the objects of an image under the ids of others. */
  clone: z.object({ image: namesSchema, clones: z.array(namesSchema) }).optional(),
  /** Asks for the counts. */
  countsWanted: z.boolean().optional(),
  /** Asks for the times at which webhooks were sent, and forgets them. */
  webhookTimesWanted: z.boolean().optional(),
});

const countsSchema = z.object({
  /** Requests to the bucket by operation and folder. */
  s3: z.record(z.string(), z.number()),
  provider: z.object({
    submissions: z.number(),
    boughtTwice: z.number(),
    questions: z.number(),
    webhooks: z.number(),
    refusedWebhooks: z.number(),
  }),
  /** Webhooks that wait for `deliver`. */
  heldWebhooks: z.number(),
});
export type StandInCounts = z.infer<typeof countsSchema>;

/** A message of the process of the stand-ins. */
export const standInMessage = z.object({
  ready: z.object({ url: z.string(), imageBytes: z.number() }).optional(),
  counts: countsSchema.optional(),
  delivered: z.object({ seconds: z.number(), refused: z.number(), p50: z.number(), p99: z.number() }).optional(),
  cloned: z.literal(true).optional(),
  /** First webhook of each task, in milliseconds since 1970. */
  webhookTimes: z.record(z.string(), z.number()).optional(),
});
