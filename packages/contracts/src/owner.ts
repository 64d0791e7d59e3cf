import { z } from 'zod';

/**
 * The Darkroom that owns a bucket. Written once, before the epoch of its store; Redis keeps the id. Redis and bucket belong together
 * only if both hold the same id: two Darkrooms in one bucket would buy and book spend, records and images twice.
 */
export const ownerSchema = z.object({
  version: z.literal(1),
  id: z.uuid(),
  /** Key prefix in Redis. */
  prefix: z.string(),
  /** Redis time of the write, in milliseconds since 1970. */
  at: z.int().min(0),
  /** Epoch of the store for which it was written. */
  epoch: z.string(),
});
export type Owner = z.infer<typeof ownerSchema>;
