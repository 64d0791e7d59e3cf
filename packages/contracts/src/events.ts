import { z } from 'zod';

/**
 * Kinds of durable events: a generation was queued, has ended, or got an image after its end, or was erased; a purchase of an image has ended;
 * an operator released a withheld image.
 */
export const durableEvents = [
  'generation.queued',
  'generation.succeeded',
  'generation.partial',
  'generation.failed',
  'generation.cancelled',
  'generation.expired',
  'generation.amended',
  'generation.erased',
  'submission.succeeded',
  'submission.failed',
  'submission.lost',
  'submission.unknown',
  'image.released',
] as const;

/** Events published once per move on the channel of the generation. A hint to look: the entry in Redis is the truth. */
const generationEvents = [
  ...durableEvents,
  'submission.committed',
  'submission.planned',
  'submission.accepted',
  'submission.delivered',
] as const;

const generationEventSchema = z.object({
  event: z.enum(generationEvents),
  generationId: z.string(),
  index: z.number().optional(),
  n: z.number().optional(),
  at: z.number(),
  /** Absent if what a caller sees of the generation has not changed. */
  revision: z.number().optional(),
});
export type GenerationEvent = z.infer<typeof generationEventSchema>;
