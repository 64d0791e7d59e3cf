import { z } from 'zod';

const run = { at: z.int(), taskUUID: z.string(), run: z.int() };

export const outcomeSchema = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('success'),
    images: z.array(z.object({ imageUUID: z.string(), seed: z.int(), sha256: z.string(), sizeBytes: z.int() })),
  }),
  z.object({ status: z.literal('error'), code: z.string(), message: z.string() }),
]);

/** End of a task. */
export type Outcome = z.infer<typeof outcomeSchema>;

/** One line of the state file: a change that must survive a kill. It holds prompts and presigned URLs, so only the owner may read the file. */
export const entrySchema = z.discriminatedUnion('kind', [
  /** A task was accepted, with its switches. */
  z.object({
    kind: z.literal('accepted'),
    ...run,
    request: z.record(z.string(), z.unknown()),
    faults: z.record(z.string(), z.unknown()),
  }),
  z.object({ kind: z.literal('ended'), ...run, outcome: outcomeSchema }),
  /** A webhook or an upload of one item has ended, successfully or not. */
  z.object({ kind: z.literal('delivered'), ...run, delivery: z.string() }),
  /** A refusal used up a taskUUID. */
  z.object({ kind: z.literal('burnt'), at: z.int(), taskUUID: z.string() }),
  /** Switches were set while running; `startedWith` holds the values of the start that they change. */
  z.object({ kind: z.literal('switched'), at: z.int(), startedWith: z.string(), faults: z.record(z.string(), z.unknown()) }),
]);

export type Entry = z.infer<typeof entrySchema>;
