import { z } from 'zod';

const run = { at: z.int(), taskUUID: z.string(), run: z.int() };

export const outcomeSchema = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('success'),
    images: z.array(z.object({ imageUUID: z.string(), seed: z.int(), sha256: z.string(), sizeBytes: z.int() })),
  }),
  z.object({ status: z.literal('error'), code: z.string(), message: z.string() }),
]);

/** How a task ended. */
export type Outcome = z.infer<typeof outcomeSchema>;

/** One line of the state file: something that must outlive a kill. It holds prompts and presigned URLs, so it is nobody else's to read. */
export const entrySchema = z.discriminatedUnion('kind', [
  /** A task was accepted, with the switches that go with it. */
  z.object({
    kind: z.literal('accepted'),
    ...run,
    request: z.record(z.string(), z.unknown()),
    faults: z.record(z.string(), z.unknown()),
  }),
  z.object({ kind: z.literal('ended'), ...run, outcome: outcomeSchema }),
  /** A webhook or an upload of one item is over, whatever came of it. */
  z.object({ kind: z.literal('delivered'), ...run, delivery: z.string() }),
  /** A taskUUID was used up by a refusal. */
  z.object({ kind: z.literal('burnt'), at: z.int(), taskUUID: z.string() }),
  /** Switches were set while running; `startedWith` says which values of the start they change. */
  z.object({ kind: z.literal('switched'), at: z.int(), startedWith: z.string(), faults: z.record(z.string(), z.unknown()) }),
]);

export type Entry = z.infer<typeof entrySchema>;
