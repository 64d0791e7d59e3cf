import { z } from 'zod';

/**
 * The Darkroom that a bucket belongs to. Written once, before the epoch of its store; Redis keeps the id. Only what both call by one id
 * belongs together: spend, records and images of two Darkrooms in one bucket would be bought and booked twice.
 */
export const ownerSchema = z.object({
  version: z.literal(1),
  id: z.uuid(),
  /** Key prefix in Redis. */
  prefix: z.string(),
  /** Redis time when it was written, in milliseconds since 1970. */
  at: z.int().min(0),
  /** Epoch of the store that it was written for. */
  epoch: z.string(),
});
export type Owner = z.infer<typeof ownerSchema>;
